//! The exact bytes of the metrics, at a time that stands still.

use std::sync::Arc;
use std::time::Duration;

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpServer, web};
use health_actix::{
    Caller, Check, Details, Health, HealthService, Maintenance, Outcome, Probe, Visibility, Workers,
};
use tokio::time::{advance, sleep};

use super::{OPEN, builder, full, samples, scrape};
use crate::data::{self, Pool};
use crate::golden::expect;
use crate::situations::shards;
use crate::support::{self, get, run};

async fn probe_all(health: &Health) {
    for probe in Probe::ALL {
        health.probe(probe, Caller::nobody()).await;
    }
}

/// One of each kind.
fn varied() -> Health {
    let database = Check::new("database", async || {
        sleep(Duration::from_millis(30)).await;
        Err::<(), _>("refused by postgres://u:hunter2@h")
    });
    let hangs = Check::new("hangs", std::future::pending::<()>);
    let panics = Check::new("panics", async || -> Outcome { panic!("hunter2") });
    let shards = Check::new("shards", async || shards());
    let secret = Check::new("secret", async || Outcome::degraded("hunter2"));
    let checks = [
        database.readiness().with_failure_threshold(2),
        hangs.readiness().with_timeout(Duration::from_millis(200)),
        panics.startup(),
        shards.liveness(),
        secret.readiness().with_visibility(Visibility::Full),
        Check::new("waits", async || ())
            .readiness()
            .with_depends_on("panics"),
        Check::new("off", async || ()).readiness(),
    ];
    let health = checks
        .into_iter()
        .fold(builder(), |builder, check| {
            builder.check(check.with_cache(Duration::ZERO))
        })
        .build()
        .unwrap();
    health.disable("off").unwrap();
    health
}

/// In both formats, and as each level is told.
async fn compare(situation: &str, health: &Health) {
    for (level, details) in [
        ("status_only", Details::status_only()),
        ("summary", Details::summary()),
        ("full", Details::full()),
    ] {
        let service = HealthService::new(health).metrics(details);
        let text = scrape(service.clone(), "*/*", |_| ()).await;
        expect(&format!("metrics/{situation}.{level}.txt"), &text);
        if level == "full" {
            let open = scrape(service, OPEN, |_| ()).await;
            expect(&format!("metrics/{situation}.openmetrics.txt"), &open);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn before_anything_was_asked_all_series_are_there() {
    advance(Duration::from_millis(1500)).await;
    compare("fresh", &varied()).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_found_is_told() {
    let health = varied();
    probe_all(&health).await;
    advance(Duration::from_secs(60)).await;
    probe_all(&health).await;
    compare("asked", &health).await;
}

#[tokio::test(start_paused = true)]
async fn a_process_without_checks_or_with_mistakes_is_told_of() {
    let health = builder().build().unwrap();
    health.start_draining();
    health.start_maintenance(Maintenance::new("hunter2"));
    compare("draining", &health).await;
    // Of another clock.
    let text = full(&Health::misconfigured()).await;
    let verdicts = samples(&text, "health_probe_status{");
    assert!(text.starts_with("200 OK\n"));
    assert!(verdicts.contains(&r#"health_probe_status{probe="readiness",status="unhealthy"} 1"#));
}

#[tokio::test(start_paused = true)]
async fn names_of_children_are_bounded_and_no_series_is_there_twice() {
    let many = Check::new("many", async || {
        let long = "x".repeat(150);
        let children = (0..300).map(|number| (format!("shard{number}"), Outcome::healthy()));
        let hostile = [
            (format!("{long}1"), Outcome::healthy()),
            (format!("{long}2"), Outcome::unhealthy("down")),
            ("others".to_owned(), Outcome::degraded("slow")),
            ("quo\"te\\ and\nline".to_owned(), Outcome::healthy()),
        ];
        let all = hostile.into_iter().chain(children);
        all.fold(Outcome::healthy(), |outcome, (name, child)| {
            outcome.with_child(name, child)
        })
    });
    let health = builder().check(many.readiness()).build().unwrap();
    probe_all(&health).await;
    let text = full(&health).await;
    let children = samples(&text, "health_check_child_status{");
    // Two have become one, and the rest is one with `others`.
    assert_eq!(children.len(), 4 * 99);
    let mut series: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let of = |series: &[&str]| series.len();
    let before = of(&series);
    series.sort_by_key(|line| line.rsplit_once(' ').map(|(series, _)| series));
    series.dedup_by_key(|line| line.rsplit_once(' ').map(|(series, _)| series));
    assert_eq!(of(&series), before, "each series is there once");
    let cut = format!(
        r#"health_check_child_status{{check="many",child="{}…",status="unhealthy"}} 1"#,
        "x".repeat(100)
    );
    assert!(children.contains(&cut.as_str()), "the worst of both");
    for line in [
        r#"health_check_child_status{check="many",child="others",status="degraded"} 1"#,
        r#"health_check_child_status{check="many",child="quo\"te\\ and\nline",status="healthy"} 1"#,
    ] {
        assert!(children.contains(&line), "{line}");
    }
}

#[actix_web::test]
async fn statuses_are_those_of_the_application_that_is_asked_and_counts_of_all() {
    let health = data::builder().build().unwrap();
    let service = HealthService::new(&health).metrics(Details::full());
    let both = [Pool::new(true), Pool::new(false)];
    let asked = async |pool: &web::Data<Pool>, path: &str| {
        let app = App::new().app_data(pool.clone()).service(service.clone());
        let app = init_service(app).await;
        let request = TestRequest::get().uri(path).to_request();
        let body = read_body(call_service(&app, request).await).await;
        String::from_utf8(body.to_vec()).unwrap()
    };
    for pool in &both {
        asked(pool, "/health/checks/pool").await;
    }
    let texts = [
        asked(&both[0], "/health/metrics").await,
        asked(&both[1], "/health/metrics").await,
    ];
    for (text, passes) in texts.iter().zip([1, 0]) {
        let status = format!(r#"app_health_dependency_status{{component="pool"}} {passes}"#);
        assert!(text.contains(&status), "{text}");
        for runs in [
            r#"health_check_runs_total{check="pool",result="healthy"} 1"#,
            r#"health_check_runs_total{check="pool",result="unhealthy"} 1"#,
        ] {
            assert!(text.contains(runs), "{runs}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_scrape_runs_nothing() {
    let calls = Arc::new(());
    let counted = Arc::downgrade(&calls);
    let check = Check::new("db", move || {
        assert!(counted.upgrade().is_none(), "it was run");
        async {}
    });
    let check = check.readiness().with_cache(Duration::ZERO);
    let health = builder().check(check).build().unwrap();
    for _ in 0..3 {
        let text = full(&health).await;
        assert!(text.contains(r#"health_check_status{check="db",status="unknown"} 1"#));
        assert!(text.contains(r#"health_check_runs_total{check="db",result="panicked"} 0"#));
    }
    drop(calls);
    probe_all(&health).await;
    let text = full(&health).await;
    assert!(text.contains(r#"health_check_runs_total{check="db",result="healthy"} 1"#));
}

#[actix_web::test]
async fn workers_are_told_of_where_they_are_given() {
    let workers = Workers::new();
    let health = support::health([]);
    let service = HealthService::new(&health).metrics(Details::status_only());
    let with = service.clone().workers(&workers);
    let own = workers.clone();
    let server = HttpServer::new(move || App::new().wrap(own.layer()).service(with.clone()));
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    let text = loop {
        let (code, text) = get(address, "/health/metrics").await;
        assert_eq!(code, 200);
        // It is known when it has beaten.
        if text.contains("health_worker_lag_seconds{") {
            break text;
        }
    };
    for line in [
        r#"health_worker_requests_in_flight{worker="1"} 1"#,
        "health_workers_stalled 0",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}: {text}");
    }
    for family in ["health_worker_silence_seconds", "health_worker_lag_seconds"] {
        assert_eq!(samples(&text, &format!("{family}{{")).len(), 1, "{family}");
    }
    assert!(!scrape(service, "", |_| ()).await.contains("worker"));
}
