mod properties;
mod variables;

use serde_json::{Value, json};

use super::*;
use crate::Probe;

fn config(said: Value) -> HealthConfig {
    serde_json::from_value(said).expect("it is a map")
}

fn checks(names: &[&'static str]) -> Vec<Arc<Check>> {
    let check = |name: &&'static str| Arc::new(Check::new(*name, async || ()).readiness());
    names.iter().map(check).collect()
}

#[track_caller]
fn mistakes(config: &HealthConfig, checks: &[Arc<Check>]) -> Vec<String> {
    let mistakes = config.apply(checks).expect_err("there are mistakes");
    mistakes.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn applied(config: &HealthConfig, checks: &[Arc<Check>]) -> Vec<Configured> {
    config.apply(checks).expect("there is no mistake")
}

#[test]
fn what_is_said_changes_and_the_rest_is_the_very_same() {
    let checks = checks(&["cache", "database", "db.Primary", "search"]);
    let said = json!({ "checks": {
        "database": {
            "name": "orders_db", "timeout_ms": 500, "critical": false, "jitter": "TRUE",
            "failure_threshold": "3", "visibility": " FULL",
            "readiness": { "timeout_ms": 300, "critical": true },
        },
        "db.Primary": { "timeout_ms": 800 },
        "search": { "enabled": false },
    }});
    let done = applied(&config(said), &checks);
    let [cache, database, primary, search] = &*done else {
        panic!("as many as before");
    };
    for (same, before) in [(cache, 0), (primary, 2), (search, 3)] {
        assert!(Arc::ptr_eq(&same.check, &checks[before]), "{before}");
    }
    let disabled: Vec<_> = done.iter().map(|configured| configured.disabled).collect();
    assert_eq!(disabled, [false, false, false, true]);
    assert!(!cache.disabled && !primary.disabled && search.disabled);
    let database = &database.check;
    assert_eq!(
        (database.name(), database.identity()),
        ("orders_db", "database")
    );
    assert_eq!(database.given_name(), "database");
    assert_eq!(database.timeout().as_millis(), 500);
    assert_eq!(database.timeout_for(Probe::Readiness).as_millis(), 300);
    assert!(!database.is_critical() && database.is_critical_for(Probe::Readiness));
    assert_eq!(database.failure_threshold(), 3);
    assert_eq!(database.settings().jitter, Some(true));
    assert_eq!(database.visibility(), crate::Visibility::Full);
    assert_eq!(cache.check.visibility(), crate::Visibility::Summary);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let checks = checks(&["cache", "database"]);
    let said = json!({
        "cheks": {},
        "checks": {
            "cache": 5,
            "databse": { "timeout_ms": 5 },
            "nothing-like-it": {},
            "database": {
                "timeout": 5,
                "password": "hunter2",
                "tags": [],
                "timeout_ms": 0,
                "cache_ms": 86_400_001,
                "interval_ms": -5,
                "degraded_after_ms": 1.0,
                "cancel_after_ms": "5s",
                "stale_after_ms": null,
                "initial_delay_ms": [1],
                "failure_threshold": 1001,
                "critical": "yes",
                "name": "a b",
                "enabled": 1,
                "visibility": "ful",
                "readiness": { "timeout_ms": true, "critcal": true, "enabled": false },
                "startup": {},
                "liveness": true,
            },
        },
    });
    let config = config(said).with_source("health.toml");
    let ms = |least| format!("expected a number of milliseconds from {least} to 86400000 (a day)");
    let at = |place: &str, text: &str| format!("`{place}` in health.toml: {text}");
    let database = |setting: &str, text: &str| at(&format!("checks.database.{setting}"), text);
    let own = "expected what differs for this probe, `timeout_ms`, `critical` or both, as in";
    let expected = [
        at(
            "checks.cache",
            "found `5`; expected a table of settings, as in `{ timeout_ms = 2000 }`",
        ),
        database(
            "cache_ms",
            &format!("found `86400001`; {}, as in `cache_ms = 2000`", ms(0)),
        ),
        database(
            "cancel_after_ms",
            &format!(
                "found the text `5s`; {}, as in `cancel_after_ms = 2000`",
                ms(1)
            ),
        ),
        database(
            "critical",
            "found the text `yes`; expected `true` or `false`, as in `critical = false`",
        ),
        database(
            "degraded_after_ms",
            &format!("found `1.0`; {}, as in `degraded_after_ms = 2000`", ms(1)),
        ),
        database(
            "enabled",
            "found `1`; expected `true` or `false`, as in `enabled = false`",
        ),
        database(
            "failure_threshold",
            "found `1001`; expected a number of runs from 1 to 1000, as in `failure_threshold = 3`",
        ),
        database(
            "initial_delay_ms",
            &format!("found a list; {}, as in `initial_delay_ms = 2000`", ms(0)),
        ),
        database(
            "interval_ms",
            &format!("found `-5`; {}, as in `interval_ms = 2000`", ms(1)),
        ),
        database(
            "liveness",
            &format!("found `true`; {own} `liveness = {{ timeout_ms = 300 }}`"),
        ),
        database(
            "name",
            "found the text `a b`; expected a name of up to 100 letters, digits, `_`, `-` and `.`, not of dots alone, as in `name = \"orders_db\"`",
        ),
        database(
            "password",
            "there is no setting `password`; there are: `enabled`, `name`, `timeout_ms`, `cancel_after_ms`, `degraded_after_ms`, `cache_ms`, `cache_failure_ms`, `interval_ms`, `down_interval_ms`, `initial_delay_ms`, `jitter`, `stale_after_ms`, `failure_threshold`, `success_threshold`, `critical`, `shared`, `fail_closed_after_ms`, `visibility`, `liveness`, `readiness`, `startup`",
        ),
        database(
            "readiness.critcal",
            "there is no setting `critcal`; did you mean `critical`?",
        ),
        database(
            "readiness.enabled",
            "there is no setting `enabled`; there are: `timeout_ms`, `critical`",
        ),
        database(
            "readiness.timeout_ms",
            &format!("found `true`; {}, as in `timeout_ms = 2000`", ms(1)),
        ),
        database(
            "stale_after_ms",
            &format!("found nothing; {}, as in `stale_after_ms = 2000`", ms(1)),
        ),
        database(
            "startup",
            &format!("found a table; {own} `startup = {{ timeout_ms = 300 }}`"),
        ),
        database("tags", "`tags` is for the code alone to say"),
        database(
            "timeout",
            "there is no setting `timeout`; did you mean `timeout_ms`?",
        ),
        database(
            "timeout_ms",
            &format!("found `0`; {}, as in `timeout_ms = 2000`", ms(1)),
        ),
        database(
            "visibility",
            "found the text `ful`; expected `\"summary\"` or `\"full\"`, as in `visibility = \"full\"`",
        ),
        at(
            "checks.databse",
            "there is no check `databse`; did you mean `database`?",
        ),
        at(
            "checks.nothing-like-it",
            "there is no check `nothing-like-it`; there are: `cache`, `database`",
        ),
        at(
            "cheks",
            "there is no section `cheks`; did you mean `checks`?",
        ),
    ];
    assert_eq!(mistakes(&config, &checks), expected);
}

#[test]
fn a_check_is_picked_by_its_name_or_its_identity_and_once() {
    let path = |path: &'static str, name: &'static str| {
        let mut check = Check::new(path, async || ()).readiness();
        check.name = name.into();
        Arc::new(check)
    };
    let checks = [
        path("a::database", "database"),
        path("b::database", "database"),
        path("c::queue", "queue"),
    ];
    let off = json!({ "enabled": false });
    let done = applied(
        &config(json!({ "checks": { "b::database": off, "queue": off } })),
        &checks,
    );
    let disabled = done.iter().map(|configured| configured.disabled);
    assert_eq!(disabled.collect::<Vec<_>>(), [false, true, true]);
    let twice =
        json!({ "checks": { "database": off, "c::queue": off, "queue": off, "d::queue": off } });
    assert_eq!(
        mistakes(&config(twice), &checks),
        [
            "`checks.\"d::queue\"` in the configuration: there is no check `d::queue`; did you \
             mean `c::queue`?",
            "`checks.database` in the configuration: there are several checks of this name; say \
             which: `a::database`, `b::database`",
            "`checks.queue` in the configuration: `c::queue` picks the same check, `c::queue`; put \
             both into one",
        ]
    );
}

#[test]
fn a_key_that_is_there_twice_is_a_mistake() {
    let said = r#"{"checks": {"a": {"timeout_ms": 1, "timeout_ms": 2, "readiness": {"critical": true,
        "critical": true}}}, "checks": {}}"#;
    let config: HealthConfig = serde_json::from_str(said).expect("it is a map");
    let repeated =
        |path: &str| format!("`{path}` in the configuration: it is there more than once; keep one");
    let places = [
        "checks.a.readiness.critical",
        "checks.a.timeout_ms",
        "checks",
    ];
    assert_eq!(mistakes(&config, &checks(&["a"])), places.map(repeated));
}

#[test]
fn secrets_and_what_is_long_are_not_shown() {
    let long = "x".repeat(10_000);
    let said = json!({ "checks": {
        "a": {
            "timeout_ms": "redis://:hunter2@h:1",
            "cache_ms": "correct horse battery staple hunter2",
            "name": long,
            "password=hunter2": "hunter2",
            "a\nb": { "deep": "hunter2" },
        },
        &long: {},
    }});
    let config = config(said);
    let told = mistakes(&config, &checks(&["a"]));
    assert_eq!(told.len(), 6, "{told:#?}");
    for text in told.iter().chain([&format!("{config:?}")]) {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.len() < 700 && !text.contains('\n'), "{text}");
    }
    assert!(
        told.iter()
            .any(|text| text.contains("a text of 36 characters"))
    );
}

#[test]
fn only_what_is_no_map_cannot_be_read() {
    for (said, found) in [
        (json!(5), "found `5`"),
        (json!([]), "found a list"),
        (json!(null), "found nothing"),
        (json!("checks"), "found the text `checks`"),
    ] {
        let error = serde_json::from_value::<HealthConfig>(said).expect_err("no map");
        let rest = "; expected a table, as in `{ checks.database.timeout_ms = 2000 }`";
        assert_eq!(error.to_string(), format!("{found}{rest}"));
    }
    let checks = checks(&["a"]);
    for nothing in [
        json!({}),
        json!({ "checks": {} }),
        json!({ "checks": { "a": {} } }),
    ] {
        let done = applied(&config(nothing), &checks);
        assert!(Arc::ptr_eq(&done[0].check, &checks[0]) && !done[0].disabled);
    }
    assert!(HealthConfig::default().is_empty() && config(json!({})).is_empty());
    let wrong = config(json!({ "checks": null }));
    assert_eq!(
        mistakes(&wrong, &checks),
        [
            "`checks` in the configuration: found nothing; expected a table of checks, as in \
          `[checks.database]`"
        ]
    );
}

/// The tests of the macro compare the table with the arguments of the attribute.
#[test]
fn every_setting_is_documented() {
    let text = include_str!("../../docs/config.md");
    let (_, table) = text.split_once("| setting |").expect("it has a table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let documented: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    let sections = Probe::ALL.map(Probe::as_str);
    let settings = setting::names(setting::SETTINGS).chain(sections);
    assert_eq!(documented, settings.collect::<Vec<_>>());
    let own = table.split('`').skip_while(|name| *name != "liveness");
    let own: Vec<_> = own.skip(2).step_by(2).take(setting::OWN.len()).collect();
    assert_eq!(own, setting::names(setting::OWN).collect::<Vec<_>>());
    let (_, rest) = text.split_once("cannot be said here:").expect("it says so");
    let rest = rest.split("\n\n").next().expect("a paragraph");
    let in_code: Vec<_> = rest.split('`').skip(1).step_by(2).collect();
    assert_eq!(in_code, setting::IN_CODE_ALONE);
}
