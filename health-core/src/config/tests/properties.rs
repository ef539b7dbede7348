use std::time::Duration;

use proptest::prelude::*;
use serde_json::Map;

use super::*;
use crate::Visibility;

const NAMES: [&str; 3] = ["cache", "db.Primary", "readiness"];

/// A setting, what it takes, and what the code would say instead.
type Model = (&'static str, Kind, fn(Check, u64) -> Check);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Number,
    Flag,
    Seen,
}

const MODELS: &[Model] = &[
    ("timeout_ms", Kind::Number, |c, n| c.with_timeout(ms(n))),
    ("cancel_after_ms", Kind::Number, |c, n| {
        c.with_cancel_after(ms(n))
    }),
    ("degraded_after_ms", Kind::Number, |c, n| {
        c.with_degraded_after(ms(n))
    }),
    ("cache_ms", Kind::Number, |c, n| c.with_cache(ms(n))),
    ("cache_failure_ms", Kind::Number, |c, n| {
        c.with_cache_failure(ms(n))
    }),
    ("interval_ms", Kind::Number, |c, n| c.with_interval(ms(n))),
    ("down_interval_ms", Kind::Number, |c, n| {
        c.with_down_interval(ms(n))
    }),
    ("initial_delay_ms", Kind::Number, |c, n| {
        c.with_initial_delay(ms(n))
    }),
    ("stale_after_ms", Kind::Number, |c, n| {
        c.with_stale_after(ms(n))
    }),
    ("fail_closed_after_ms", Kind::Number, |c, n| {
        c.with_fail_closed_after(ms(n))
    }),
    ("failure_threshold", Kind::Number, |c, n| {
        c.with_failure_threshold(n as u32)
    }),
    ("success_threshold", Kind::Number, |c, n| {
        c.with_success_threshold(n as u32)
    }),
    ("jitter", Kind::Flag, |c, n| c.with_jitter(n % 2 == 0)),
    ("critical", Kind::Flag, |c, n| c.with_critical(n % 2 == 0)),
    ("shared", Kind::Flag, |c, n| c.with_shared(n % 2 == 0)),
    ("visibility", Kind::Seen, |c, n| {
        c.with_visibility(seen_by(n))
    }),
    ("liveness.timeout_ms", Kind::Number, |c, n| {
        c.with_timeout_for(Probe::Liveness, ms(n))
    }),
    ("liveness.critical", Kind::Flag, |c, n| {
        c.with_critical_for(Probe::Liveness, n % 2 == 0)
    }),
    ("readiness.timeout_ms", Kind::Number, |c, n| {
        c.with_timeout_for(Probe::Readiness, ms(n))
    }),
    ("readiness.critical", Kind::Flag, |c, n| {
        c.with_critical_for(Probe::Readiness, n % 2 == 0)
    }),
    ("startup.timeout_ms", Kind::Number, |c, n| {
        c.with_timeout_for(Probe::Startup, ms(n))
    }),
    ("startup.critical", Kind::Flag, |c, n| {
        c.with_critical_for(Probe::Startup, n % 2 == 0)
    }),
];

const fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// What is said of one check: model, number, as a text, by a variable.
type Said = Vec<(usize, u64, bool, bool)>;

fn said() -> impl Strategy<Value = Said> {
    let model = prop::sample::subsequence((0..MODELS.len()).collect::<Vec<_>>(), 0..MODELS.len());
    let how = prop::collection::vec((1..=1000u64, any::<bool>(), any::<bool>()), MODELS.len());
    (model, how).prop_map(|(models, how)| {
        let both = models.into_iter().zip(how);
        both.map(|(model, (n, text, variable))| (model, n, text, variable))
            .collect()
    })
}

fn written((_, kind, _): Model, number: u64, as_text: bool) -> Value {
    let value = match kind {
        Kind::Number => json!(number),
        Kind::Flag => json!(number % 2 == 0),
        Kind::Seen => return json!(seen_by(number)),
    };
    if as_text {
        json!(value.to_string())
    } else {
        value
    }
}

fn seen_by(number: u64) -> Visibility {
    if number % 2 == 0 {
        Visibility::Summary
    } else {
        Visibility::Full
    }
}

fn variable(check: &str, setting: &str) -> String {
    let both = format!("HEALTH__CHECKS__{}__{}", check, setting.replace('.', "__"));
    both.replace('.', "_").to_uppercase()
}

fn put(entry: &mut Map<String, Value>, setting: &str, value: Value) {
    match setting.split_once('.') {
        None => drop(entry.insert(setting.to_owned(), value)),
        Some((probe, own)) => {
            let section = entry.entry(probe).or_insert_with(|| json!({}));
            section[own] = value;
        }
    }
}

/// Keys that are nearly right.
fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(
        &[
            "checks",
            "cache",
            "readiness",
            "db.Primary",
            "database",
            "timeout_ms",
            "critical",
            "name",
            "enabled",
            "failure_threshold",
            "tags",
            "a::b",
            "",
        ][..],
    );
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9a-z=:@./ -]{0,30}".prop_map(Value::from),
        "\\PC{0,10}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::btree_map(key(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_makes_sense_is_done_as_the_code_would(
        said in prop::collection::vec(said(), NAMES.len()),
        off in prop::collection::vec(any::<bool>(), NAMES.len()),
    ) {
        let checks = checks(&NAMES);
        let (mut file, mut variables, mut models) = (Map::new(), Vec::new(), Vec::new());
        for ((name, said), off) in NAMES.into_iter().zip(&said).zip(off) {
            let mut entry = Map::from_iter([("enabled".to_owned(), json!(!off))]);
            let mut model = Check::new(name, async || ()).readiness();
            for &(index, number, as_text, by_variable) in said {
                let (setting, _, say) = MODELS[index];
                let value = written(MODELS[index], number, as_text);
                model = say(model, number);
                if by_variable {
                    let text = value.as_str().map_or(value.to_string(), str::to_owned);
                    variables.push((variable(name, setting), text));
                    // What the file says of the same thing does not count.
                    put(&mut entry, setting, written(MODELS[index], 7, false));
                } else {
                    put(&mut entry, setting, value);
                }
            }
            file.insert(name.to_owned(), Value::Object(entry));
            models.push((model, off));
        }
        let config = config(json!({ "checks": file })).with_variables("HEALTH", variables);
        let done = config.apply(&checks);
        let done = done.map_err(|mistakes| TestCaseError::fail(format!("{mistakes:?}")))?;
        for ((done, before), (model, off)) in done.iter().zip(&checks).zip(models) {
            prop_assert_eq!(done.check.settings(), model.settings());
            prop_assert_eq!(done.disabled, off);
            let same = model.settings() == before.settings();
            prop_assert_eq!(Arc::ptr_eq(&done.check, before), same);
        }
    }

    #[test]
    fn no_tree_panics(tree in tree(), variables in prop::collection::vec((key(), key(), key()), 0..4)) {
        let Ok(config) = serde_json::from_value::<HealthConfig>(tree) else {
            return Ok(());
        };
        let variables = variables
            .iter()
            .map(|(name, setting, value)| (format!("HEALTH__CHECKS__{name}__{setting}"), value));
        let config = config.with_variables("HEALTH", variables);
        if let Err(mistakes) = config.apply(&checks(&NAMES)) {
            prop_assert!(!mistakes.is_empty());
        }
    }

    #[test]
    fn no_variable_panics(name in "\\PC{0,20}", value in "\\PC{0,20}") {
        let names = [name.clone(), format!("HEALTH{name}"), format!("HEALTH__{name}")];
        let variables = names.map(|name| (name, value.clone()));
        let config = HealthConfig::default().with_variables("HEALTH", variables);
        drop(config.apply(&checks(&NAMES)));
    }
}
