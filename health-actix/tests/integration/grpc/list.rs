//! `List`.

use std::future::pending;
use std::time::Duration;

use health_actix::{
    Check, GrpcHealth, HealthBuilder, Level, Maintenance, Override, Runtime, Status, Visibility,
};
use tokio::time::{Instant, timeout};
use tonic::{Code, Request};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{
    NOT_SERVING, SERVING, Turned, UNKNOWN, ask, grpc, health, listed, listed_by, named,
    of_each_status,
};

#[tokio::test(start_paused = true)]
async fn all_services_are_listed_as_they_would_be_answered() {
    let [healthy, degraded, unhealthy] = of_each_status();
    let hidden = Check::new("hidden", async || ()).readiness();
    let health = health([
        healthy.liveness(),
        degraded.readiness(),
        unhealthy.startup(),
        Check::new("startup", async || ()).readiness(),
        hidden.with_visibility(Visibility::Full),
    ]);
    let grpc = grpc(&health);
    let list = listed(&grpc).await.unwrap();
    let expected = [
        ("", NOT_SERVING),
        ("check/startup", SERVING),
        ("degraded", SERVING),
        ("healthy", SERVING),
        ("liveness", SERVING),
        ("readiness", NOT_SERVING),
        ("startup", NOT_SERVING),
        ("unhealthy", NOT_SERVING),
    ];
    let expected = expected.map(|(name, status)| (name.to_owned(), status));
    assert_eq!(list, expected.into());
    for (name, status) in list {
        assert_eq!(ask(&grpc, &name).await.unwrap(), status, "{name}");
    }
    let list = listed(&grpc.clone().level(Level::Full)).await.unwrap();
    assert_eq!(list.get("hidden"), Some(&SERVING));
    let list = listed(&grpc.level(Level::StatusOnly)).await.unwrap();
    assert_eq!(list.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn it_is_shared_and_on_time() {
    let turned = Turned::default();
    let hangs = Check::new("hangs", pending::<()>).readiness();
    let hangs = hangs.with_timeout(Duration::from_millis(300));
    let grpc = grpc(&health([turned.check("fine").liveness(), hangs]));
    let since = Instant::now();
    let list = listed(&grpc).await.unwrap();
    assert!(since.elapsed() <= Duration::from_millis(350));
    assert_eq!((list["hangs"], list["fine"]), (NOT_SERVING, SERVING));
    let runs = turned.runs();
    for _ in 0..100 {
        listed(&grpc).await.unwrap();
    }
    assert_eq!(turned.runs(), runs, "it is kept for a moment");
}

#[tokio::test(start_paused = true)]
async fn drain_is_listed_at_once() {
    let health = health([Check::new("database", async || ()).readiness()]);
    let grpc = grpc(&health);
    assert_eq!(listed(&grpc).await.unwrap()["database"], SERVING);
    health.start_draining();
    let list = listed(&grpc).await.unwrap();
    let told = ["", "readiness", "database", "liveness"].map(|name| list[name]);
    assert_eq!(told, [NOT_SERVING, NOT_SERVING, NOT_SERVING, SERVING]);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_thousand_are_not_listed() {
    let checks = |number| {
        let names = (0..number).map(|number| format!("check{number}"));
        names.map(|name| Check::new(name, async || ()).startup())
    };
    let list = listed(&grpc(&health(checks(996)))).await.unwrap();
    assert_eq!(list.len(), 1000);
    let error = listed(&grpc(&health(checks(997)))).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(
        error.message(),
        "there are 1001 services, and no more than 1000 are listed: ask for them one by one"
    );
}

/// `Check`, `Watch` and `List` say the same, whatever operators do.
#[tokio::test(start_paused = true)]
async fn all_methods_agree() {
    let turned = Turned::default();
    let secret = Check::new("secret", async || ()).readiness();
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    let builder = builder
        .startup_gate("model")
        .check(turned.check("database").readiness());
    let builder = builder.check(secret.with_visibility(Visibility::Full));
    let builder = builder.check(Check::new("live", async || ()).liveness());
    let builder = builder.check(Check::new("begun", async || ()).startup());
    let health = builder.build().unwrap();
    let own = [grpc(&health), grpc(&health).level(Level::Full)];
    let forced = || Override::new(Status::Unhealthy, "moving racks");
    let late = || Check::new("database", async || ()).startup();
    let steps: [(&str, &dyn Fn()); 14] = [
        ("at first", &|| ()),
        ("gate", &|| health.startup_gate("model").unwrap().open()),
        ("fails", &|| turned.fails(true)),
        ("drain", &|| health.start_draining()),
        ("no drain", &|| health.stop_draining()),
        ("passes", &|| turned.fails(false)),
        ("maintenance", &|| {
            health.start_maintenance(Maintenance::new("moving racks"));
        }),
        ("no maintenance", &|| health.end_maintenance()),
        ("forced", &|| health.force("database", forced()).unwrap()),
        ("disabled", &|| health.disable("database").unwrap()),
        ("enabled", &|| health.enable("database").unwrap()),
        ("renamed", &|| health.rename("database", "other").unwrap()),
        ("removed", &|| health.remove("other").unwrap()),
        ("registered", &|| health.register(late()).unwrap()),
    ];
    let mut streams = Vec::new();
    for grpc in &own {
        for name in NAMES {
            let answer = HealthClient::new(grpc.clone()).watch(named(name)).await;
            streams.push((answer.unwrap().into_inner(), None));
        }
    }
    for (step, happens) in steps {
        happens();
        for (stream, last) in &mut streams {
            let quiet = Duration::from_millis(2500);
            while let Ok(told) = timeout(quiet, stream.message()).await {
                *last = Some(told.unwrap().unwrap().status());
            }
        }
        let mut watched = streams.iter().map(|(_, last)| last.unwrap());
        for grpc in &own {
            agree(grpc, &mut watched, step).await;
        }
    }
}

/// What is asked for, watched and listed.
const NAMES: [&str; 11] = [
    "",
    "readiness",
    "liveness",
    "startup",
    "database",
    "check/database",
    "other",
    "secret",
    "live",
    "begun",
    "none",
];

async fn agree(grpc: &GrpcHealth, watched: &mut impl Iterator<Item = ServingStatus>, step: &str) {
    let list = listed(grpc).await.unwrap();
    for (name, watched) in NAMES.into_iter().zip(watched) {
        let asked = ask(grpc, name).await.unwrap_or(UNKNOWN);
        let listed = list.get(name).copied().unwrap_or(UNKNOWN);
        assert_eq!(asked, watched, "{step}: {name} is watched");
        if !name.starts_with("check/") {
            assert_eq!(asked, listed, "{step}: {name} is listed");
        }
    }
}

/// Who lists by way of a check is not kept waiting for it.
#[tokio::test(start_paused = true)]
async fn services_that_list_each_other_do_not_hang() {
    use std::sync::{Arc, OnceLock};

    let server: Arc<OnceLock<GrpcHealth>> = Arc::default();
    let own = Arc::clone(&server);
    let lists_itself = Check::new("other", move || {
        let own = own.get().unwrap().clone();
        let path = health_actix::probe_path().unwrap().to_string();
        async move {
            let mut request = Request::new(super::ListRequest {});
            let metadata = request.metadata_mut();
            metadata.insert("health-probe-path", path.parse().unwrap());
            listed_by(&own, request).await.is_ok()
        }
    });
    let health = health([lists_itself.readiness()]);
    server.set(grpc(&health)).unwrap();
    let since = Instant::now();
    assert_eq!(ask(&grpc(&health), "other").await.unwrap(), SERVING);
    assert_eq!(since.elapsed(), Duration::ZERO);
}
