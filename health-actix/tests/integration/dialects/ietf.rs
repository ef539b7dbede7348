//! `application/health+json`, by draft-inadarei-api-health-check-06.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::App;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::test::{TestRequest, call_service, init_service};
use health_actix::{
    Check, Details, Dialect, Group, Health, HealthBuilder, HealthService, Outcome, Override,
    Runtime, Status,
};
use serde_json::{Value, json};

use super::any::{Answer, ask_many};
use super::json::parse;
use super::schema::Schema;
use crate::golden::{compare_dialect, mask_numbers, mask_text};
use crate::support::{get, health, request, serve, shown};

const PATHS: [&str; 4] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/health/started",
];

const LATENCY: &str = r#":responseTime":[{"componentType":"component","observedValue":"#;

fn mask(answer: &str) -> String {
    mask_text(
        &mask_numbers(answer, LATENCY, "0.0"),
        r#""time":""#,
        "(time)",
    )
}

#[actix_web::test]
async fn every_situation_as_it_was_blessed() {
    compare_dialect("ietf", Dialect::ietf, &PATHS, mask).await;
}

#[actix_web::test]
async fn everything_is_told_to_who_may_know_everything() {
    let check = Check::new("database", async || {
        let primary = Outcome::degraded("answers slowly")
            .with_error("plan changed")
            .with_data("lag_seconds", 1.5);
        Outcome::unhealthy("no quorum")
            .with_error("refused")
            .with_data("lag_seconds", 12)
            .with_data("size_gib", 1.25)
            .with_data("unit:less_ms", "fast")
            .with_data("ratio", f64::INFINITY)
            .with_data("fsync_ms", 3)
            .with_child("primary", primary)
            .with_child("replica", Outcome::healthy().with_message("12 rows"))
    });
    let health = health([check.readiness()]);
    let service = HealthService::new(&health).service_name("orders");
    let service = service.dialects([Dialect::ietf()]).details(Details::full());
    let address = serve(move || service.clone());
    let (code, body) = get(address, "/health/ready").await;
    assert_eq!(code, 503);
    let part = |id: Option<&str>, value: Value, unit: Option<&str>| {
        let mut part =
            json!({ "componentType": "component", "observedValue": value, "time": "(time)" });
        let object = part.as_object_mut().unwrap();
        object.extend(id.map(|id| ("componentId".to_owned(), id.into())));
        object.extend(unit.map(|unit| ("observedUnit".to_owned(), unit.into())));
        part
    };
    assert_eq!(
        parse(&mask(&body)),
        json!({
            "status": "fail",
            "output": "failing: database",
            "serviceId": "orders",
            "description": "health of orders",
            "checks": {
                "database:responseTime": [
                    {
                        "componentType": "component",
                        "observedValue": 0.0,
                        "observedUnit": "ms",
                        "status": "fail",
                        "time": "(time)",
                        "output": "no quorum: refused",
                    },
                    {
                        "componentId": "primary",
                        "componentType": "component",
                        "status": "warn",
                        "time": "(time)",
                        "output": "answers slowly: plan changed",
                    },
                    {
                        "componentId": "replica",
                        "componentType": "component",
                        "status": "pass",
                        "time": "(time)",
                        "message": "12 rows",
                    },
                ],
                "database:lag_seconds": [
                    part(None, json!(12), Some("s")),
                    part(Some("primary"), json!(1.5), Some("s")),
                ],
                "database:size_gib": [part(None, json!(1.25), Some("GiB"))],
                "database:unit_less_ms": [part(None, json!("fast"), None)],
                "database:ratio": [part(None, Value::Null, None)],
                "database:fsync_ms": [part(None, json!(3), Some("ms"))],
            },
        })
    );
}

#[actix_web::test]
async fn what_is_no_report_is_none_of_its_kind_and_kept_by_nobody() {
    let health = health([]);
    let group = Group::new("nobody").dialect(Dialect::ietf());
    let address = serve(move || HealthService::new(&health).group(group.clone()));
    let answer = request(address, "GET", "/health/groups/nobody").await;
    assert!(answer.contains("\ncache-control: no-store\n"), "{answer}");
    let answer = shown(&answer);
    assert_eq!(
        (answer.code, &*answer.media_type),
        (404, "application/json")
    );
    assert_eq!(parse(&answer.body)["status"], "not_found");
}

/// Of these checks, on the clock of the test, which stands still.
fn on_paused_clock(checks: impl IntoIterator<Item = Check>) -> Health {
    tokio::time::pause();
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    let builder = checks.into_iter().fold(builder, HealthBuilder::check);
    builder.build().unwrap()
}

/// The status code and what is said of keeping the answer.
async fn freshness(health: &Health, path: &str) -> (u16, String) {
    let service = HealthService::new(health).dialects([Dialect::ietf()]);
    let app = init_service(App::new().service(service)).await;
    let request = TestRequest::get().uri(path).to_request();
    let response = call_service(&app, request).await;
    let said = response.headers().get(CACHE_CONTROL).unwrap();
    (
        response.status().as_u16(),
        said.to_str().unwrap().to_owned(),
    )
}

fn fresh_for(seconds: u64) -> String {
    format!("private, max-age={seconds}, must-revalidate")
}

#[actix_web::test]
async fn an_answer_is_fresh_for_as_long_as_each_of_its_results_is_kept() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let check = |name, seconds| {
        let count = async || {
            RUNS.fetch_add(1, Ordering::Relaxed);
        };
        let check = Check::new(name, count).readiness();
        check.with_cache(Duration::from_secs(seconds))
    };
    let health = on_paused_clock([check("quick", 30), check("slow", 90)]);
    for (after_ms, seconds, runs) in [
        (0, 30, 2),
        (10_500, 19, 2),
        (19_499, 0, 2),
        // `quick` is asked again.
        (1, 30, 3),
        (30_000, 30, 4),
        // Both are.
        (30_000, 30, 6),
    ] {
        tokio::time::advance(Duration::from_millis(after_ms)).await;
        let found = freshness(&health, "/health/ready").await;
        assert_eq!(found, (200, fresh_for(seconds)));
        assert_eq!(RUNS.load(Ordering::Relaxed), runs);
    }
}

#[actix_web::test]
async fn a_failure_is_kept_no_longer_than_its_result() {
    let check = Check::new("database", async || false).readiness();
    let check = check.with_cache(Duration::from_secs(90));
    let health = on_paused_clock([check.with_cache_failure(Duration::from_secs(5))]);
    let found = freshness(&health, "/health/ready").await;
    assert_eq!(found, (503, fresh_for(5)));
    tokio::time::advance(Duration::from_millis(4001)).await;
    let found = freshness(&health, "/health/ready").await;
    assert_eq!(found, (503, fresh_for(0)), "not to the second, but below");
}

#[actix_web::test]
async fn what_checks_do_not_decide_is_not_kept() {
    let kept = Check::new("kept", async || ()).with_cache(Duration::from_secs(90));
    let health = on_paused_clock([kept.liveness().readiness().startup()]);
    for path in PATHS {
        assert_eq!(
            freshness(&health, path).await,
            (200, fresh_for(90)),
            "{path}"
        );
    }
    health.start_draining();
    for (path, code, seconds) in [
        ("/health", 503, 0),
        ("/health/live", 200, 90),
        ("/health/ready", 503, 0),
        ("/health/started", 200, 90),
    ] {
        assert_eq!(
            freshness(&health, path).await,
            (code, fresh_for(seconds)),
            "{path}"
        );
    }
    health.stop_draining();
    let up = Override::new(Status::Healthy, "INC-42");
    health.force("kept", up).unwrap();
    assert_eq!(
        freshness(&health, "/health/ready").await,
        (200, fresh_for(0))
    );
}

#[actix_web::test]
async fn nothing_is_kept_where_there_is_no_check() {
    let health = on_paused_clock([]);
    let found = freshness(&health, "/health/ready").await;
    assert_eq!(found, (200, fresh_for(0)));
}

#[actix_web::test]
async fn nothing_is_kept_before_the_process_has_started() {
    tokio::time::pause();
    let check = Check::new("kept", async || ()).readiness();
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    let builder = builder.check(check.with_cache(Duration::from_secs(90)));
    let health = builder.startup_gate("model").build().unwrap();
    let found = freshness(&health, "/health/ready").await;
    assert_eq!(found, (503, fresh_for(0)));
    health.startup_gate("model").unwrap().open();
    let found = freshness(&health, "/health/ready").await;
    assert_eq!(found, (200, fresh_for(90)));
}

#[actix_web::test]
async fn liveness_is_not_kept_unless_that_was_asked_for() {
    let health = on_paused_clock([Check::new("loop", async || ()).liveness().readiness()]);
    assert_eq!(
        freshness(&health, "/health/live").await,
        (200, fresh_for(0))
    );
    assert_eq!(
        freshness(&health, "/health/ready").await,
        (200, fresh_for(1))
    );
    assert_eq!(freshness(&health, "/health").await, (200, fresh_for(0)));
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::named("ietf"));

#[test]
fn whatever_checks_say_it_is_written_as_the_draft_says() {
    ask_many(
        Dialect::ietf,
        &["lifecycle", "responseTime"],
        &PATHS,
        examine,
    );
}

fn examine(path: &str, level: &str, answer: &Answer) {
    let Answer { code, body, .. } = answer;
    assert_eq!(answer.media_type, "application/health+json");
    assert_eq!(SCHEMA.refuses(body), None, "{path}");
    assert!(answer.text.starts_with(r#"{"status":""#), "{path} {body}");
    let order = ["pass", "warn", "fail"];
    let rank = |status: &Value| order.iter().position(|word| status == word);
    let own = rank(&body["status"]).unwrap();
    assert_eq!(*code, if own < 2 { 200 } else { 503 }, "{path} {body}");
    if level == "status only" {
        assert_eq!(body.as_object().unwrap().len(), 1, "{path} {body}");
        return;
    }
    let checks = body["checks"].as_object().into_iter().flatten();
    let parts: Vec<_> = checks
        .flat_map(|(_, parts)| parts.as_array().unwrap())
        .collect();
    let worst = parts
        .iter()
        .filter_map(|part| rank(part.get("status")?))
        .max();
    assert!(answer.is_as_bad(own, worst.unwrap_or(0)), "{path} {body}");
    // "This field SHOULD be omitted for "pass" state", and a failure is explained.
    for part in parts.into_iter().chain([body]) {
        let passes = part.get("status").is_none_or(|status| status == "pass");
        assert!(!(passes && part.get("output").is_some()), "{path} {part}");
        let fails = part["status"] == "fail";
        assert!(!(fails && part.get("output").is_none()), "{path} {part}");
    }
}
