//! Configurations, at the start and for the running process.

use health_core::{Check, Health, HealthBuilder, HealthConfig, Probe, Runtime, Status};
use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use crate::support::{Count, counted, entry, health, ms, names, probe, ready};

fn config(said: Value) -> HealthConfig {
    let config: HealthConfig = serde_json::from_value(said).unwrap();
    config.with_source("health.json")
}

/// All that can be seen of the checks.
fn seen(health: &Health) -> String {
    format!(
        "{:?} {:?} {}",
        health.checks(),
        health.disabled(),
        health.revision()
    )
}

#[tokio::test(start_paused = true)]
async fn one_bad_name_and_nothing_changes() {
    let health = health([
        Check::new("cache", async || ()).readiness(),
        Check::new("database", async || ()).readiness(),
    ]);
    ready(&health).await;
    let before = seen(&health);
    let error = health.apply(&config(json!({ "checks": {
        "cache": { "enabled": false, "timeout_ms": 300 },
        "databse": { "name": "orders_db", "timeout_ms": 0 },
        "database": { "timeout": 1, "critical": "yes", "interval_ms": 100 },
    } })));
    let mistakes: Vec<_> = error
        .unwrap_err()
        .mistakes()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        mistakes,
        [
            "`checks.database.critical` in health.json: found the text `yes`; expected `true` or \
             `false`, as in `critical = false`",
            "`checks.database.timeout` in health.json: there is no setting `timeout`; did you mean \
             `timeout_ms`?",
            "`checks.databse` in health.json: there is no check `databse`; did you mean \
             `database`?",
        ]
    );
    assert_eq!(seen(&health), before);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_go_together_changes_nothing_either() {
    let health = health([
        Check::new("cache", async || ()).readiness(),
        Check::new("database", async || ()).readiness(),
    ]);
    let before = seen(&health);
    let error = health.apply(&config(json!({ "checks": {
        "cache": { "interval_ms": 100, "name": "database" },
    } })));
    let text = error.unwrap_err().to_string();
    assert!(
        text.starts_with("2 mistakes in the health checks:"),
        "{text}"
    );
    assert!(text.contains("2 checks are named `database`"), "{text}");
    assert!(
        text.contains("the interval must not be less than the timeout"),
        "{text}"
    );
    assert_eq!(seen(&health), before);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_is_all_that_is_said_besides_the_code() {
    let calls = Count::default();
    let health = health([
        counted("cache", &calls),
        Check::new("database", async || false)
            .readiness()
            .with_timeout(ms(700)),
    ]);
    assert!(!ready(&health).await.is_passing());
    health
        .apply(&config(json!({ "checks": {
            "cache": { "cache_ms": 5000 },
            "database": { "name": "orders", "critical": false, "readiness": { "timeout_ms": 200 } },
        } })))
        .unwrap();
    let report = ready(&health).await;
    assert_eq!(report.status(), Status::Degraded, "{report:?}");
    assert_eq!(
        entry(&report, "orders").consecutive_failures(),
        1,
        "it is kept"
    );
    let orders = health.checks()[1].clone();
    assert_eq!(
        (orders.timeout(), orders.timeout_for(Probe::Readiness)),
        (ms(700), ms(200))
    );
    advance(ms(4999)).await;
    ready(&health).await;
    assert_eq!(
        calls.now(),
        1,
        "a result from before counts, by what is said now"
    );

    health.disable("orders").unwrap();
    health.rename("cache", "hot").unwrap();
    let again = config(json!({ "checks": { "database": { "enabled": false } } }));
    health.apply(&again).unwrap();
    assert_eq!(names(&health), ["cache", "database"]);
    assert_eq!(health.disabled(), ["database"]);
    ready(&health).await;
    assert_eq!(calls.now(), 2, "a second is what the code says");
    health.apply(&HealthConfig::default()).unwrap();
    assert!(!ready(&health).await.is_passing());
    assert_eq!(health.checks()[1].timeout_for(Probe::Readiness), ms(700));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_may_come_from_a_configuration_and_go_again() {
    let calls = Count::default();
    let health = health([counted("c", &calls)]);
    let every =
        |ms: u64| config(json!({ "checks": { "c": { "interval_ms": ms, "jitter": false } } }));
    health.apply(&every(10_000)).unwrap();
    sleep(ms(25_000)).await;
    assert_eq!(calls.now(), 3);
    health.apply(&every(10_000)).unwrap();
    sleep(ms(5100)).await;
    assert_eq!(calls.now(), 4, "the same again disturbs nothing");
    health.apply(&every(60_000)).unwrap();
    sleep(ms(59_000)).await;
    assert_eq!(calls.now(), 4);
    sleep(ms(1000)).await;
    assert_eq!(calls.now(), 5, "60 s after the last");
    health.apply(&HealthConfig::default()).unwrap();
    sleep(ms(600_000)).await;
    assert_eq!(calls.now(), 5);
    assert!(
        ready(&health).await.is_passing(),
        "without a schedule nothing is stale"
    );
    assert_eq!(calls.now(), 6);
}

#[test]
fn the_builder_configures_after_its_own_changes_and_tells_all_mistakes() {
    let place = line!() + 2;
    let builder = HealthBuilder::empty()
        .require(["database", "orders", "queue"])
        .check(Check::new("db", async || ()).readiness())
        .rename("db", "database");
    let health = builder.config(config(
        json!({ "checks": { "database": { "name": "orders" } } }),
    ));
    let error = health.build().unwrap_err();
    assert_eq!(
        error.mistakes().len(),
        1,
        "only `queue` is not there: {error}"
    );
    assert!(
        error
            .to_string()
            .contains(&format!("configured.rs:{place}")),
        "{error}"
    );

    let builder = HealthBuilder::empty().check(Check::new("a", async || ()));
    let builder = builder
        .config(config(json!({ "chekcs": {} })))
        .config(HealthConfig::default());
    let error = builder
        .runtime(Runtime::threads())
        .build()
        .unwrap_err()
        .to_string();
    assert!(error.contains("a second configuration"), "{error}");
    assert!(error.contains("serves no probe"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn startup_does_not_wait_for_what_a_configuration_switches_off() {
    let check = Check::new("index", async || false).startup();
    let builder = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(check);
    let off = config(json!({ "checks": { "index": { "enabled": "false" } } }));
    let health = builder.config(off).build().unwrap();
    assert!(probe(&health, Probe::Startup).await.is_passing());
    assert!(ready(&health).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_given_away_is_not_given_to_another_check() {
    let health = health([Check::new("a", async || ()).readiness()]);
    health.rename("a", "b").unwrap();
    let error = health.register(Check::new("a", async || ()).readiness());
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("2 checks were made with the name `a`"),
        "{text}"
    );
    health.apply(&HealthConfig::default()).unwrap();
    assert_eq!(names(&health), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn what_has_run_before_does_not_wait_for_the_delay_of_a_schedule_that_comes_later() {
    for idle in [500, 10_000] {
        let health = health([Check::new("c", async || ()).readiness()]);
        assert!(ready(&health).await.is_passing());
        advance(ms(idle)).await;
        let config = r#"{ "checks": { "c": { "interval_ms": 1000, "initial_delay_ms": 60000 } } }"#;
        health
            .apply(&serde_json::from_str(config).unwrap())
            .unwrap();
        let report = ready(&health).await;
        assert!(report.is_passing(), "{idle} {report:?}");
    }
}
