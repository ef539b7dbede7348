//! What is known of a check, for those who may know everything.

use std::time::Duration;

use health_actix::{Check, Details, Dialect, Health, HealthService, Probe, Visibility};
use serde_json::{Map, Value, json};

use super::document;
use crate::support::{fine, get, health, serve};

/// The dialects that have a property for each check.
const WITH_PROPERTIES: [&str; 5] = ["default", "components", "spring", "aspnet", "ietf"];

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A check of which there is everything to say, and one that it depends on.
fn rich() -> (Health, u32) {
    let line = line!() + 1;
    let check = Check::new("database", async || ())
        .liveness()
        .readiness()
        .with_description("The orders database.")
        .with_liveness_reason("it is embedded")
        .with_external(true)
        .with_visibility(Visibility::Full)
        .with_tag("db")
        .with_depends_on("network")
        .with_timeout(ms(250))
        .with_timeout_for(Probe::Liveness, ms(100))
        .with_cancel_after(ms(400))
        .with_degraded_after(ms(200))
        .with_interval(ms(5000))
        .with_down_interval(ms(2000))
        .with_initial_delay(ms(50))
        .with_jitter(false)
        .with_stale_after(ms(20_000))
        .with_critical_for(Probe::Liveness, false)
        .with_shared(true)
        .with_fail_closed_after(ms(60_000))
        .with_failure_threshold(3)
        .with_success_threshold(2)
        .with_cache(ms(4000))
        .with_cache_failure(ms(1000));
    (health([check, fine("network")]), line)
}

/// What is said of a check, wherever something is.
fn said_of(document: &Value, name: &str) -> Vec<Map<String, Value>> {
    let mut found = Vec::new();
    walk(document, &mut |member, value| {
        let is_its = member.split(':').next() == Some(name);
        let facts = value.as_object().filter(|_| is_its).into_iter().flatten();
        let facts = facts.filter(|(fact, _)| fact.starts_with("x-health-"));
        let facts: Map<_, _> = facts.map(|(k, v)| (k.clone(), v.clone())).collect();
        found.extend(Some(facts).filter(|facts| !facts.is_empty()));
    });
    found
}

fn walk(value: &Value, see: &mut impl FnMut(&str, &Value)) {
    for (name, member) in value.as_object().into_iter().flatten() {
        see(name, member);
        walk(member, see);
    }
    for item in value.as_array().into_iter().flatten() {
        walk(item, see);
    }
}

fn in_dialect(health: &Health, dialect: &str, details: Details) -> Value {
    let dialect: Dialect = dialect.parse().unwrap();
    let service = HealthService::new(health).dialects([dialect]);
    document(&service.details(details))
}

#[test]
fn all_that_is_known_of_a_check_is_said_alike_in_every_dialect() {
    let (health, line) = rich();
    let facts = json!({
        "x-health-kind": ["liveness", "readiness"],
        "x-health-tags": ["db"],
        "x-health-depends-on": ["network"],
        "x-health-source": format!("{}:{line}", file!()),
        "x-health-visibility": "full",
        "x-health-external": true,
        "x-health-liveness-reason": "it is embedded",
        "x-health-timeout-ms": 250,
        "x-health-timeout-ms-for": {"liveness": 100},
        "x-health-cancel-after-ms": 400,
        "x-health-degraded-after-ms": 200,
        "x-health-interval-ms": 5000,
        "x-health-down-interval-ms": 2000,
        "x-health-initial-delay-ms": 50,
        "x-health-jitter": false,
        "x-health-stale-after-ms": 20_000,
        "x-health-critical": true,
        "x-health-critical-for": {"liveness": false},
        "x-health-shared": true,
        "x-health-fail-closed-after-ms": 60_000,
        "x-health-failure-threshold": 3,
        "x-health-success-threshold": 2,
        "x-health-cache-ms": {"liveness": 4000, "readiness": 4000},
        "x-health-cache-failure-ms": {"liveness": 1000, "readiness": 1000},
    });
    for dialect in WITH_PROPERTIES {
        let document = in_dialect(&health, dialect, Details::full());
        let said = said_of(&document, "database");
        assert!(!said.is_empty(), "{dialect}");
        for said in said {
            assert_eq!(Value::from(said), facts, "{dialect}");
        }
    }
}

#[test]
fn of_a_check_as_it_comes_nothing_is_said_that_is_nothing() {
    let health = health([fine("network")]);
    health.rename("network", "net").unwrap();
    for dialect in WITH_PROPERTIES {
        let all = said_of(&in_dialect(&health, dialect, Details::full()), "net");
        assert!(!all.is_empty(), "{dialect}");
        for said in all {
            let names: Vec<_> = said.keys().map(String::as_str).collect();
            let expected = [
                "x-health-cache-ms",
                "x-health-critical",
                "x-health-failure-threshold",
                "x-health-identity",
                "x-health-kind",
                "x-health-source",
                "x-health-success-threshold",
                "x-health-timeout-ms",
            ];
            assert_eq!(names, expected, "{dialect}");
            assert_eq!(said["x-health-identity"], "network", "{dialect}");
        }
    }
}

/// It is answered as before, but does not run.
#[actix_web::test]
async fn that_a_check_is_disabled_is_told_at_once_for_as_long_as_it_is() {
    let health = health([fine("network"), fine("other")]);
    let service = HealthService::new(&health).details(Details::full());
    let address = serve(move || service.clone());
    let is_disabled = async |name| {
        let (_, text) = get(address, "/health/openapi.json").await;
        let said = said_of(&serde_json::from_str(&text).unwrap(), name);
        said[0].get("x-health-disabled").cloned()
    };
    assert_eq!(is_disabled("network").await, None);
    health.disable("network").unwrap();
    assert_eq!(is_disabled("network").await, Some(json!(true)));
    assert_eq!(is_disabled("other").await, None);
    get(address, "/health/ready").await;
    get(address, "/health/checks/network").await;
    health.enable("network").unwrap();
    assert_eq!(is_disabled("network").await, None);
}

#[test]
fn who_may_not_know_everything_is_told_none_of_it() {
    let (health, _) = rich();
    for dialect in super::DIALECTS {
        for details in [Details::summary(), Details::status_only()] {
            let document = in_dialect(&health, dialect, details).to_string();
            for secret in ["x-health-", "database", "orders", "\"db\"", file!()] {
                assert!(!document.contains(secret), "{dialect}: {secret}");
            }
        }
    }
}
