//! As Spring Boot Actuator answers, and as Spring Boot Admin reads it.

use std::sync::LazyLock;

use health_actix::{Check, Details, Dialect, HealthService, Outcome, Status};
use serde_json::{Value, json};

use super::any::{Answer, ask_many};
use super::json::parse;
use super::schema::Schema;
use crate::golden::{compare_dialect, mask_latencies};
use crate::situations::situations;
use crate::support::{fine, get, health, request, serve, shown};

const PATHS: [&str; 10] = [
    "/actuator/health",
    "/actuator/health/liveness",
    "/actuator/health/readiness",
    "/actuator/health/startup",
    "/actuator/health/database",
    "/actuator/health/cache",
    "/actuator/health/readiness/cache",
    "/actuator/health/cache/shard_3",
    "/actuator/health/nobody",
    "/actuator/health/readiness/nobody",
];

#[actix_web::test]
async fn every_situation_as_it_was_blessed() {
    compare_dialect("spring", Dialect::spring, &PATHS, mask_latencies).await;
}

/// What Spring Boot Admin shows of an answer: the rules of `StatusUpdater.convertStatusInfo` and
/// `StatusInfo.from` (`spring-boot-admin-server`, `78ee198`). The status, and the names of what it
/// lists.
fn as_spring_boot_admin(code: u16, media_type: &str, body: &str) -> (String, Vec<String>) {
    let by_code = if (200..300).contains(&code) {
        "UP"
    } else {
        "DOWN"
    };
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let is_actuators = essence
        .strip_prefix("application/vnd.spring-boot.actuator.")
        .is_some_and(|rest| ["v2+json", "v3+json"].contains(&rest));
    if essence != "application/json" && !is_actuators {
        return (by_code.to_owned(), Vec::new());
    }
    let body: Value = serde_json::from_str(body).unwrap();
    match &body["status"] {
        Value::String(status) => {
            let listed = body.get("details").or(body.get("components"));
            let listed = listed.and_then(Value::as_object).into_iter().flatten();
            let names = listed.map(|(name, _)| name.clone()).collect();
            (status.to_uppercase(), names)
        }
        _ => (by_code.to_owned(), Vec::new()),
    }
}

#[actix_web::test]
async fn spring_boot_admin_shows_what_is_the_case() {
    let mut found = Vec::new();
    for (situation, health) in situations().await {
        let address = serve(move || HealthService::new(&health).dialects([Dialect::spring()]));
        let ask = async |path: &str| {
            let answer = shown(&request(address, "GET", path).await);
            as_spring_boot_admin(answer.code, &answer.media_type, &answer.body)
        };
        let (status, components) = ask("/actuator/health").await;
        let mut groups = Vec::new();
        for group in ["liveness", "readiness", "startup"] {
            groups.push(ask(&format!("/actuator/health/{group}")).await.0);
        }
        let groups = groups.join(" ");
        found.push(format!(
            "{situation}: {status} [{}] {groups}",
            components.join(" ")
        ));
    }
    let expected = [
        "no_checks: UP [] UP UP UP",
        "all_healthy: UP [cache database] UP UP UP",
        "non_critical_failing: UP [cache database] UP UP UP",
        "degraded: UP [cache database] UP UP UP",
        "critical_failing: DOWN [cache database readinessState] DOWN DOWN DOWN",
        "critical_failing_after_startup: DOWN [cache database] UP DOWN UP",
        "critical_timed_out: DOWN [cache database readinessState] DOWN DOWN DOWN",
        "non_critical_timed_out: UP [cache database] UP UP UP",
        "before_startup: DOWN [cache database readinessState] UP DOWN DOWN",
        "startup_gate_closed: OUT_OF_SERVICE [database readinessState] UP OUT_OF_SERVICE OUT_OF_SERVICE",
        "prerequisite_failing: DOWN [cache database network] UP DOWN UP",
        "children: UP [cache database] UP UP UP",
        "measured: UP [cache database] UP UP UP",
        "shared_failing: UP [database] UP UP UP",
        "overridden: UP [cache database] UP UP UP",
        "draining: OUT_OF_SERVICE [cache database readinessState] UP OUT_OF_SERVICE UP",
        "maintenance: OUT_OF_SERVICE [cache database readinessState] UP OUT_OF_SERVICE UP",
        "maintenance_with_an_end: OUT_OF_SERVICE [readinessState] UP OUT_OF_SERVICE UP",
        "misconfigured: DOWN [readinessState] UP DOWN DOWN",
    ];
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn spring_boot_admin_takes_no_problem_for_a_status() {
    let health = health([]);
    let address = serve(move || HealthService::new(&health).dialects([Dialect::spring()]));
    for (method, path) in [
        ("GET", "/actuator/health/nobody"),
        ("POST", "/actuator/health"),
    ] {
        let answer = shown(&request(address, method, path).await);
        let admin = as_spring_boot_admin(answer.code, &answer.media_type, &answer.body);
        assert_eq!(admin, ("DOWN".to_owned(), Vec::new()), "{method} {path}");
    }
}

/// As `ProbeEndpointsStrategy` of Spring Boot Admin asks which endpoints there are.
#[actix_web::test]
async fn options_finds_the_endpoint_whatever_its_health() {
    let health = health([]);
    health.start_draining();
    let address = serve(move || HealthService::new(&health).dialects([Dialect::spring()]));
    let answer = request(address, "OPTIONS", "/actuator/health").await;
    assert_eq!(
        answer,
        "HTTP/1.1 200 OK\nallow: GET, HEAD, OPTIONS\nconnection: close\ncontent-length: 0\n\n"
    );
    assert_eq!(get(address, "/actuator/health").await.0, 503);
}

/// As HAProxy asks, if it is told nothing but a path.
#[actix_web::test]
async fn options_tells_of_the_health_of_what_is_below_the_endpoint() {
    let down = Check::new("down", async || false)
        .readiness()
        .with_tag("partners");
    let health = health([down, fine("up")]);
    let address = serve(move || HealthService::new(&health).dialects([Dialect::spring()]));
    for (below, code) in [
        ("liveness", 200),
        ("readiness", 503),
        ("startup", 200),
        ("up", 200),
        ("down", 503),
        ("partners", 503),
        ("readiness/down", 503),
        ("readiness/down/", 503),
        ("nobody", 404),
    ] {
        let path = format!("/actuator/health/{below}");
        let told = request(address, "OPTIONS", &path).await;
        let expected = format!("HTTP/1.1 {code} ");
        assert!(told.starts_with(&expected), "{path}: {told}");
        assert_eq!(get(address, &path).await.0, code, "{path}");
    }
}

/// What the dashboard of Spring Boot Admin shows of a component: the rules of `health-details.vue`
/// (`spring-boot-admin-server-ui`, `78ee198`), by which details hide components. Its name and
/// status, its details, and what is below it.
fn as_dashboard(name: &str, health: &Value) -> Vec<String> {
    let source = health.get("details").or(health.get("components"));
    let members = || source.and_then(Value::as_object).into_iter().flatten();
    let is_child = |value: &Value| value.get("status").is_some();
    let details = members().filter(|(_, value)| !is_child(value));
    let details: Vec<_> = details.map(|(name, _)| name.as_str()).collect();
    let status = health["status"].as_str().unwrap();
    let mut shown = vec![format!("{name} {status} {}", details.join(" "))];
    let children = members().filter(|(_, value)| is_child(value));
    shown.extend(children.flat_map(|(name, value)| as_dashboard(name, value)));
    shown
}

#[actix_web::test]
async fn the_dashboard_of_spring_boot_admin_shows_children_and_details() {
    let health = health([broker()]);
    let service = HealthService::new(&health).dialects([Dialect::spring()]);
    let address = serve(move || service.clone().details(Details::full()));
    let (_, body) = get(address, "/actuator/health").await;
    let expected = [
        "Instance DOWN ",
        "broker DOWN ",
        "broker DOWN latency_ms message",
        "us1 UP ",
        "disk UP degraded message",
        "memory UP ",
        "us1 UP version",
        "us2 DOWN ",
        "disk DOWN message",
    ];
    assert_eq!(as_dashboard("Instance", &parse(&body)), expected);
}

#[actix_web::test]
async fn details_of_what_has_a_child_of_its_own_name_take_no_name_away() {
    let check = Check::new("a", async || {
        let a = Outcome::healthy().with_message("inner");
        Outcome::healthy().with_message("outer").with_child("a", a)
    });
    let health = health([check.readiness()]);
    let service = HealthService::new(&health).dialects([Dialect::spring()]);
    let address = serve(move || service.clone());
    let (_, body) = get(address, "/actuator/health/a").await;
    let components = &parse(&body)["components"];
    assert_eq!(components["a"]["details"]["message"], "inner");
    assert_eq!(components["a_"]["details"]["message"], "outer");
}

/// A broker with nodes, of which one has parts.
fn broker() -> Check {
    let check = Check::new("broker", async || {
        let us1 = Outcome::healthy()
            .with_data("version", "1.0.2")
            .with_child("disk", Outcome::degraded("nearly full"))
            .with_child("memory", Status::Healthy);
        Outcome::healthy()
            .with_child("us2.disk", Outcome::unhealthy("full"))
            .with_child("us1", us1)
    });
    check
        .readiness()
        .with_tag("messaging")
        .with_cache(std::time::Duration::ZERO)
}

#[actix_web::test]
async fn children_are_components_at_every_depth() {
    let health = health([broker()]);
    let service = HealthService::new(&health).dialects([Dialect::spring()]);
    let address = serve(move || service.clone().details(Details::full()));
    let us1 = json!({
        "status": "UP",
        "components": {
            "disk": {
                "status": "UP",
                "details": { "degraded": true, "message": "nearly full" },
            },
            "memory": { "status": "UP" },
            "us1": { "status": "UP", "details": { "version": "1.0.2" } },
        },
    });
    let us2 = json!({
        "status": "DOWN",
        "components": { "disk": { "status": "DOWN", "details": { "message": "full" } } },
    });
    let ask = async |path: &str| {
        let (code, body) = get(address, path).await;
        let mut body = parse(&mask_latencies(&body));
        if let Some(details) = body.pointer_mut("/components/broker/details") {
            details.as_object_mut().unwrap().remove("latency_ms");
        }
        (code, body)
    };
    let own = json!({ "status": "DOWN", "details": { "message": "failing: us2.disk" } });
    let broker = json!({
        "status": "DOWN",
        "components": { "broker": own, "us1": us1, "us2": us2 },
    });
    for path in ["broker", "readiness/broker", "messaging/broker", "broker/"] {
        let answer = ask(&format!("/actuator/health/{path}")).await;
        assert_eq!(answer, (503, broker.clone()), "{path}");
    }
    for (path, code, expected) in [
        ("broker/us1", 200, us1.clone()),
        ("readiness/broker/us1", 200, us1.clone()),
        ("messaging/broker/us2", 503, us2.clone()),
        ("broker/us1/disk", 200, us1["components"]["disk"].clone()),
        ("broker/us2/disk", 503, us2["components"]["disk"].clone()),
        ("broker/us1/memory", 200, json!({ "status": "UP" })),
    ] {
        let answer = ask(&format!("/actuator/health/{path}")).await;
        assert_eq!(answer, (code, expected), "{path}");
    }
    for path in [
        "broker/us3",
        "broker/broker",
        "broker/us",
        "liveness/broker",
        "messaging/us1",
        "us1",
        "broker//us1",
    ] {
        assert_eq!(
            ask(&format!("/actuator/health/{path}")).await.0,
            404,
            "{path}"
        );
    }
}

#[actix_web::test]
async fn a_tag_is_a_group() {
    let fine = Check::new("fine", async || ()).readiness();
    let health = health([broker().with_critical(false), fine]);
    let service = HealthService::new(&health).dialects([Dialect::spring()]);
    let address = serve(move || service.clone());
    let group = parse(&get(address, "/actuator/health/messaging").await.1);
    assert_eq!(group["status"], "UP");
    assert_eq!(group["description"], "degraded");
    assert_eq!(group["components"].as_object().unwrap().len(), 1);
    assert_eq!(group.get("groups"), None, "they are those of the root");
    let root = parse(&get(address, "/actuator/health").await.1);
    assert_eq!(
        root["groups"],
        json!(["liveness", "messaging", "readiness", "startup"])
    );
}

#[actix_web::test]
async fn names_are_told_to_nobody_who_may_know_the_status_alone() {
    let health = health([broker()]);
    let service = HealthService::new(&health).dialects([Dialect::spring()]);
    let address = serve(move || service.clone().details(Details::status_only()));
    let (code, body) = get(address, "/actuator/health").await;
    assert_eq!(code, 503);
    assert_eq!(
        body,
        r#"{"status":"DOWN","groups":["liveness","readiness","startup"]}"#
    );
    for path in [
        "broker",
        "readiness/broker",
        "broker/us1",
        "messaging/broker",
    ] {
        let path = format!("/actuator/health/{path}");
        assert_eq!(get(address, &path).await.0, 404, "{path}");
    }
}

#[actix_web::test]
async fn what_is_nested_too_deeply_stays_shallow() {
    let check = Check::new("deep", async || {
        Outcome::healthy().with_child("a.".repeat(500), ())
    });
    let health = health([check.readiness()]);
    let service = HealthService::new(&health).dialects([Dialect::spring()]);
    let address = serve(move || service.clone());
    let (code, body) = get(address, "/actuator/health").await;
    assert_eq!(code, 200);
    let depth = body.matches("\"components\"").count();
    assert_eq!(depth, 17, "the check, and 16 of its child");
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::named("spring"));

fn rank(status: &Value) -> usize {
    let order = ["UP", "OUT_OF_SERVICE", "DOWN"];
    order.iter().position(|word| status == word).unwrap()
}

/// Whether everything is as bad as the worst of its parts, and what has parts has no details, as
/// with `CompositeHealthDescriptor` and `IndicatedHealthDescriptor`.
fn is_worst_of_its_parts(component: &Value) -> bool {
    let parts = component["components"].as_object().into_iter().flatten();
    let worst = parts.clone().map(|(_, part)| rank(&part["status"])).max();
    let fits = worst.is_none_or(|worst| {
        worst == rank(&component["status"]) && component.get("details").is_none()
    });
    fits && parts.clone().all(|(_, part)| is_worst_of_its_parts(part))
}

#[test]
fn whatever_checks_say_it_is_written_as_spring_writes_it() {
    let names = &["readinessState", "startupState", "readinessState_"];
    ask_many(Dialect::spring, names, &PATHS, examine);
}

fn examine(path: &str, level: &str, answer: &Answer) {
    let Answer { code, body, .. } = answer;
    assert_eq!(answer.media_type, "application/json");
    if *code == 404 {
        assert!(body.get("status").is_none(), "{path} {body}");
        return;
    }
    assert_eq!(SCHEMA.refuses(body), None, "{path}");
    let passes = rank(&body["status"]) == 0;
    assert_eq!(*code, if passes { 200 } else { 503 }, "{path} {body}");
    assert!(answer.text.starts_with(r#"{"status":""#), "{path} {body}");
    let is_root = path == "/actuator/health";
    assert_eq!(body.get("groups").is_some(), is_root, "{path} {body}");
    if level == "status only" {
        let allowed = ["status", "description", "groups"];
        let mut members = body.as_object().unwrap().keys();
        assert!(
            members.all(|name| allowed.contains(&&**name)),
            "{path} {body}"
        );
    } else {
        let parts = body["components"].as_object().into_iter().flatten();
        let parts: Vec<_> = parts.map(|(_, part)| part).collect();
        assert!(
            parts.iter().all(|part| is_worst_of_its_parts(part)),
            "{path} {body}"
        );
        let worst = parts.iter().map(|part| rank(&part["status"])).max();
        let is_leaf = body.get("details").is_some();
        assert!(!(is_leaf && worst.is_some()), "{path} {body}");
        let fits = answer.is_as_bad(rank(&body["status"]), worst.unwrap_or(0));
        assert!(fits || is_leaf, "{path} {body}");
    }
}
