//! The default dialect, which guides to health checks have in a plainer form.

use health_actix::{Check, Details, Dialect, HealthService, Outcome};
use serde_json::{Value, json};

use super::any::{Answer, ask_many};
use super::json::parse;
use crate::support::{get, health, serve};

const PATHS: [&str; 6] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/health/started",
    "/health/checks/database",
    "/health/groups/partners",
];

/// As a client calls its nodes: by names that had a secret in them.
fn masked_alike() -> Check {
    let outcome = || {
        Outcome::healthy()
            .with_data("token=a", 1)
            .with_data("token=b", 2)
            .with_child("token=a", Outcome::unhealthy("no route"))
            .with_child("token=b", Outcome::degraded("slow"))
    };
    Check::new("database", move || async move { outcome() }).readiness()
}

#[actix_web::test]
async fn what_is_called_the_same_once_it_is_masked_is_there_all_the_same() {
    let health = health([masked_alike()]);
    let service = HealthService::new(&health).details(Details::full());
    let address = serve(move || service.clone());
    let (_, ready) = get(address, "/health/ready").await;
    let (_, check) = get(address, "/health/checks/database").await;
    for told in [&parse(&ready)["checks"]["database"], &parse(&check)] {
        assert_eq!(told["data"], json!({ "token=***": 1, "token=***_": 2 }));
        assert_eq!(told["children"]["token=***"]["error"], "no route");
        assert_eq!(told["children"]["token=*** (2)"]["message"], "slow");
    }
}

/// What a check means for the whole.
fn counts_as(check: &Value) -> usize {
    let forgiven = check.get("critical").or(check.get("shared")).is_some();
    match (check["healthy"] == true, check.get("degraded").is_some()) {
        (true, false) => 0,
        (false, _) if !forgiven => 2,
        _ => 1,
    }
}

#[test]
fn whatever_is_found_the_whole_follows_from_its_checks() {
    ask_many(Dialect::default, &[], &PATHS, examine);
}

fn examine(path: &str, level: &str, answer: &Answer) {
    let Answer { code, body, .. } = answer;
    let why = format!("{path} at {level}: {answer:?}");
    assert_eq!(answer.media_type, "application/json", "{why}");
    assert!(answer.text.starts_with(r#"{"status":""#), "{why}");
    let status = body["status"].as_str().unwrap();
    let passing = ["alive", "ready", "started", "healthy", "degraded"];
    match *code {
        404 => assert_eq!(status, "not_found", "{why}"),
        code => assert_eq!(passing.contains(&status), code == 200, "{why}"),
    }
    let Some(checks) = body["checks"].as_object() else {
        return;
    };
    assert_ne!(level, "status only", "{why}");
    let whole = match *code {
        503 => 2,
        _ => usize::from(status == "degraded" || body.get("degraded").is_some()),
    };
    let worst = checks.values().map(counts_as).max().unwrap_or(0);
    let by_phase =
        !["unhealthy", "not_ready", "starting"].contains(&status) || body.get("detail").is_some();
    let fits = answer.is_as_bad(whole, worst) || (whole == 2 && by_phase);
    assert!(fits, "{why}");
}
