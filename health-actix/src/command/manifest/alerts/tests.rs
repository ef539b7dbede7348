use std::path::Path;
use std::time::Duration;

use health_core::{Check, HealthBuilder};

use super::*;
use crate::HealthService;
use crate::command::plan::Budget;

/// A service with a check of each kind that rules tell apart.
fn service() -> HealthService {
    let check = |name| Check::new(name, || async { Ok::<_, String>(()) });
    let seconds = Duration::from_secs;
    let checks = [
        check("database").readiness(),
        check("network").readiness().liveness(),
        check("rates.v2")
            .readiness()
            .with_depends_on("network")
            .with_cache(seconds(60)),
        check("search").readiness().with_critical(false),
        check("ledger").readiness().with_shared(true),
        check("backlog").readiness().with_interval(seconds(30)),
        check("mirror")
            .readiness()
            .with_interval(seconds(60))
            .with_stale_after(seconds(600))
            .with_depends_on("network"),
        check("migrations").startup(),
    ];
    let builder = checks
        .into_iter()
        .fold(HealthBuilder::empty(), HealthBuilder::check);
    HealthService::new(&builder.build().unwrap())
}

fn rules_for(service: &HealthService, job: &str) -> String {
    let budget = Budget {
        startup: Duration::from_secs(120),
        drain: Duration::from_secs(5),
        shutdown: Duration::from_secs(30),
    };
    rules(&Plan::of(service, &budget), &service.health().checks(), job)
}

#[test]
fn rules_are_those_that_promtool_tests() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/alerts/rules.yml");
    let found = rules_for(&service(), "orders");
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(
        found == expected,
        "{} differs; BLESS=1 rewrites it",
        path.display()
    );
}

#[test]
fn nothing_is_left_to_be_filled_in() {
    assert!(!rules_for(&service(), "orders").contains('@'));
}

#[test]
fn without_checks_only_what_may_be_registered_later_is_a_dependency() {
    let service = HealthService::new(&HealthBuilder::empty().build().unwrap());
    let rules = rules_for(&service, "orders");
    assert_eq!(rules.matches("alert: HealthDependencyDown\n").count(), 1);
    assert_eq!(rules.matches("alert: HealthCheckStale\n").count(), 0);
    assert!(rules.contains("health_check_status{job=\"orders\",status=\"unhealthy\"}"));
}

#[test]
fn a_job_cannot_break_out_of_its_quotes() {
    let job = "a\"} or vector(1) @checks@ \\ \n#";
    let rules = rules_for(&service(), job);
    let quoted = r#"{job="a\"} or vector(1) @checks@ \\ \u000a#""#;
    assert!(rules.contains(quoted), "{rules}");
    assert!(!rules.contains("vector(1) ,check"));
}

#[test]
fn budgets_and_checks_are_what_thresholds_are() {
    let rules = rules_for(&service(), "orders");
    for part in [
        "health_uptime_seconds{job=\"orders\"} > 120\n",
        "for: 100s\n",
        "health_uptime_seconds{job=\"orders\"}[1380s]) >= 3\n",
        "check=\"backlog\"} > 90.8\n",
        "check=\"mirror\"} > 600\n",
        "le=~\"1([.]0)?\"}",
    ] {
        assert!(rules.contains(part), "{part}");
    }
}

#[test]
fn answers_are_compared_with_ends_of_buckets() {
    let check = Check::new("slow", || async { Ok::<_, String>(()) });
    let check = check.readiness().with_timeout(Duration::from_secs(30));
    let health = HealthBuilder::empty()
        .check(check)
        .deadline(Duration::from_secs(30))
        .build();
    let rules = rules_for(&HealthService::new(&health.unwrap()), "orders");
    assert!(rules.contains("le=~\"10([.]0)?\"}"), "{rules}");
    assert!(rules.contains("longer than 10 s"), "{rules}");
}

#[test]
fn what_startup_alone_waits_for_may_fail_as_long_as_a_start_may_take() {
    let check = |name| Check::new(name, || async { Ok::<_, String>(()) });
    let builder = HealthBuilder::empty()
        .check(check("migrations").startup())
        .check(check("warm").startup().with_critical(false))
        .check(check("database").startup().readiness());
    let rules = rules_for(&HealthService::new(&builder.build().unwrap()), "orders");
    let fails = |name: &str| {
        format!(
            "health_check_status{{job=\"orders\",check=\"{name}\",status=\"unhealthy\"}} == 1\n"
        )
    };
    let waits =
        "              and on (job, instance) health_uptime_seconds{job=\"orders\"} > 120\n";
    for name in ["migrations", "warm"] {
        assert_eq!(rules.matches(&(fails(name) + waits)).count(), 2, "{name}");
    }
    assert!(rules.contains(&fails("database")));
    assert!(!rules.contains(&(fails("database") + waits)));
}

/// What the operator takes is the same, one level deeper.
#[test]
fn a_resource_of_the_operator_has_the_same_rules() {
    let alerts = |prometheus_rule| Alerts {
        name: "orders".to_owned(),
        prometheus_rule,
        budget: Budget {
            startup: Duration::from_secs(120),
            drain: Duration::from_secs(5),
            shutdown: Duration::from_secs(30),
        },
    };
    let read = |alerts: Alerts| -> serde_json::Value {
        yaml_serde::from_str(&alerts.write(&service()).text).unwrap()
    };
    let (plain, resource) = (read(alerts(false)), read(alerts(true)));
    assert_eq!(resource["spec"], plain);
    assert_eq!(resource["apiVersion"], "monitoring.coreos.com/v1");
    assert_eq!(resource["kind"], "PrometheusRule");
    assert_eq!(resource["metadata"]["name"], "orders-health");
}
