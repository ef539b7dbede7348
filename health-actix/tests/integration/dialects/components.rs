//! As guides to health checks have it.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use health_actix::{
    Check, Details, Dialect, Group, HealthBuilder, HealthService, Maintenance, Outcome, Runtime,
    StatusCodes, Visibility,
};
use serde_json::{Value, json};

use super::any::{Answer, ask_many};
use super::json::parse;
use super::schema::Schema;
use crate::golden::{compare_dialect, mask_latencies, mask_numbers, mask_text};
use crate::support::{fine, get, health, serve};

const PATHS: [&str; 5] = [
    "/health",
    "/live",
    "/ready",
    "/started",
    "/health/groups/nothing",
];

#[actix_web::test]
async fn every_situation_as_it_was_blessed() {
    compare_dialect("components", Dialect::components, &PATHS, mask).await;
}

fn mask(answer: &str) -> String {
    let answer = mask_latencies(answer);
    let answer = mask_text(&answer, "\"timestamp\":\"", "(time)");
    let answer = mask_text(&answer, "\"message\":\"Up for ", "(time)");
    mask_numbers(&answer, "\"uptime_seconds\":", "0")
}

fn failing(name: &'static str, outcome: fn() -> Outcome) -> Check {
    Check::new(name, move || async move { outcome() })
}

/// The examples of the guides, at their time.
#[tokio::test(start_paused = true)]
async fn the_guides_examples_are_what_is_answered() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_698_402_600);
    let connected = || Outcome::healthy().with_message("Database connection successful");
    let database = failing("database", connected).readiness();
    let health = HealthBuilder::empty()
        .check(database.with_cache(Duration::ZERO))
        .runtime(Runtime::current().with_wall_clock(now))
        .build()
        .unwrap();
    let service = HealthService::new(&health).dialects([Dialect::components()]);
    let app = init_service(App::new().service(service)).await;
    let ask = async |path: &str| {
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        let code = response.status().as_u16();
        let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        (code, mask_latencies(&body))
    };
    tokio::time::advance(Duration::from_secs(93_784)).await;
    let time = "2023-10-28T12:33:04.000Z";
    let (code, body) = ask("/health").await;
    let components = concat!(
        r#"{"database":{"status":"UP","message":"Database connection successful","#,
        r#""latency_ms":0.0},"application_uptime":{"status":"UP","#,
        r#""message":"Up for 1day 2h 3m 4s","uptime_seconds":93784}}"#
    );
    let expected = format!(r#"{{"status":"UP","timestamp":"{time}","components":{components}}}"#);
    assert_eq!((code, body), (200, expected));
    assert_eq!(ask("/live").await, (200, r#"{"status":"OK"}"#.to_owned()));
    let ready = format!(r#"{{"status":"READY","timestamp":"{time}"}}"#);
    assert_eq!(ask("/ready").await, (200, ready));
    let started = format!(r#"{{"status":"STARTED","timestamp":"{time}"}}"#);
    assert_eq!(ask("/started").await, (200, started));
    health.start_maintenance(Maintenance::new("disk"));
    let not_ready = r#"{"status":"NOT READY","reason":"maintenance: disk","timestamp":""#;
    assert_eq!(ask("/ready").await, (503, format!("{not_ready}{time}\"}}")));
}

#[actix_web::test]
async fn a_reason_names_what_fails_the_probe_as_far_as_the_caller_may_know() {
    let refused =
        || Outcome::new(health_actix::Status::Unhealthy).with_error("refused by 10.0.0.7");
    let health = health([
        failing("cache", || Outcome::unhealthy("no route"))
            .readiness()
            .with_critical(false),
        failing("database", refused).readiness(),
        failing("queue", || Outcome::unhealthy("full")).readiness(),
        fine("search"),
    ]);
    let service = HealthService::new(&health).dialects([Dialect::components()]);
    for (details, expected) in [
        (Details::status_only(), None),
        (
            Details::summary(),
            Some("database: check failed; queue: full"),
        ),
        (
            Details::full(),
            Some("database: refused by 10.0.0.7; queue: full"),
        ),
    ] {
        let service = service.clone().details(details);
        let address = serve(move || service.clone());
        let (code, body) = get(address, "/ready").await;
        let body = parse(&body);
        assert_eq!((code, &body["status"]), (503, &json!("NOT READY")));
        assert_eq!(body.get("reason").and_then(Value::as_str), expected);
    }
}

#[actix_web::test]
async fn a_reason_is_never_missing_though_the_caller_may_not_know_what_fails() {
    let vault = failing("vault", || Outcome::unhealthy("sealed")).readiness();
    let health = health([vault.with_visibility(Visibility::Full), fine("search")]);
    let service = HealthService::new(&health).dialects([Dialect::components()]);
    let address = serve(move || service.clone());
    let (code, body) = get(address, "/ready").await;
    let body = parse(&body);
    assert_eq!((code, &body["reason"]), (503, &json!("check failed")));
    let (code, body) = get(address, "/health").await;
    let body = parse(&body);
    assert_eq!((code, &body["status"]), (503, &json!("DOWN")));
    assert!(!body.to_string().contains("vault"), "{body}");
}

#[actix_web::test]
async fn a_check_of_the_users_is_not_replaced_and_a_group_has_no_uptime() {
    let own = failing("application_uptime", || {
        Outcome::degraded("restarted twice")
    });
    let health = health([own.liveness().with_tag("db")]);
    let group = Group::new("db").dialect(Dialect::components());
    let dialect = Dialect::components().at("/ops");
    let service = HealthService::new(&health).dialects([dialect]).group(group);
    let address = serve(move || service.clone());
    for path in ["/ops/health", "/health/groups/db"] {
        let (code, body) = get(address, path).await;
        let body = parse(&mask_latencies(&body));
        let own = json!({ "status": "DEGRADED", "message": "restarted twice", "latency_ms": 0.0 });
        assert_eq!((code, &body["status"]), (200, &json!("DEGRADED")), "{path}");
        assert_eq!(
            body["components"],
            json!({ "application_uptime": own }),
            "{path}"
        );
    }
    let (_, live) = get(address, "/ops/live").await;
    assert_eq!(live, r#"{"status":"OK","degraded":true}"#);
}

#[actix_web::test]
async fn the_code_of_the_guides_is_there_for_who_asks_for_it() {
    let health = health([failing("database", || Outcome::unhealthy("no route")).readiness()]);
    let codes = StatusCodes::new().unhealthy(500);
    let dialect = Dialect::components().status_codes(codes);
    let service = HealthService::new(&health).dialects([dialect]);
    let address = serve(move || service.clone());
    assert_eq!(get(address, "/health").await.0, 500);
    assert_eq!(get(address, "/live").await.0, 200);
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::named("components"));

/// What a component means for the whole.
fn counts_as(component: &Value) -> u8 {
    let forgiven = component
        .get("critical")
        .or(component.get("shared"))
        .is_some();
    match component["status"].as_str().unwrap() {
        "UP" => 0,
        "DOWN" if !forgiven => 2,
        _ => 1,
    }
}

fn examine_whole(level: &str, answer: &Answer) {
    let body = &answer.body;
    assert_eq!(SCHEMA.refuses(body), None, "{answer:?}");
    let whole = counts_as(body);
    assert_eq!(
        answer.code,
        if whole == 2 { 503 } else { 200 },
        "{answer:?}"
    );
    let Some(components) = body["components"].as_object() else {
        assert!(
            level == "status only" && body.get("reason").is_none(),
            "{answer:?}"
        );
        return;
    };
    let last = answer.text.rsplit_once("\"application_uptime\":");
    assert_eq!(last.unwrap().1.matches('{').count(), 1, "{answer:?}");
    let worst = components.values().map(counts_as).max().unwrap();
    let phase = if body.get("reason").is_some() { 2 } else { 0 };
    let told = usize::from(worst.max(phase));
    assert!(answer.is_as_bad(usize::from(whole), told), "{answer:?}");
}

fn examine_probe(level: &str, answer: &Answer, words: [&str; 2]) {
    let body = &answer.body;
    let passes = answer.code == 200;
    assert_eq!(body["status"], words[usize::from(!passes)], "{answer:?}");
    let has_reason = body["reason"]
        .as_str()
        .is_some_and(|reason| !reason.is_empty());
    assert_eq!(has_reason, !passes && level != "status only", "{answer:?}");
    let allowed = ["status", "degraded", "reason", "timestamp"];
    let names = body.as_object().unwrap().keys();
    assert!(
        names.into_iter().all(|name| allowed.contains(&&**name)),
        "{answer:?}"
    );
}

#[test]
fn whatever_is_found_conforms_and_the_whole_follows_from_its_components() {
    ask_many(
        Dialect::components,
        &[],
        &PATHS[..4],
        |path, level, answer| {
            assert_eq!(answer.media_type, "application/json", "{answer:?}");
            match path {
                "/live" => examine_probe(level, answer, ["OK", "NOT OK"]),
                "/ready" => examine_probe(level, answer, ["READY", "NOT READY"]),
                "/started" => examine_probe(level, answer, ["STARTED", "NOT STARTED"]),
                _ => examine_whole(level, answer),
            }
        },
    );
}
