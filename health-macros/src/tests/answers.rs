//! What is answered to names and values that are not right.

use std::collections::BTreeSet;

use crate::args::Args;
use crate::arguments::Arguments;
use crate::foreign::{self, ARGUMENTS, Here};
use crate::kind::Kind;
use crate::milliseconds::milliseconds;
use crate::nearest::nearest;

/// What is said of the arguments beside a kind.
pub(super) fn told(arguments: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    let tokens = arguments.parse().expect("they are tokens");
    Args::parse(tokens, &mut mistakes);
    let mistakes = mistakes.into_iter().flatten();
    mistakes.map(|mistake| mistake.to_string()).collect()
}

#[track_caller]
fn assert_told(arguments: &str, expected: &[&str]) {
    let told = told(&format!("kind = \"readiness\", {arguments}"));
    assert_eq!(told.len(), expected.len(), "{arguments}: {told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(
            told.contains(expected),
            "{arguments}: {told}, not {expected}"
        );
    }
}

#[test]
fn every_name_of_others_is_answered_with_one_of_ours() {
    let mut seen = BTreeSet::new();
    for (names, here) in ARGUMENTS {
        for name in names.split(' ') {
            assert!(seen.insert(name), "`{name}` is there twice");
            assert!(!Args::NAMES.contains(&name), "`{name}` is ours");
            assert!(foreign::argument(name).is_some(), "`{name}` is never found");
            if let Here::Called(ours) | Here::Opposite(ours) = here {
                assert!(Args::NAMES.contains(ours), "{ours}");
                assert_told(&format!("{name} = 5"), &[&format!("it is `{ours}` here")]);
            }
        }
    }
}

#[test]
fn names_are_found_however_their_words_are_joined() {
    for name in [
        "initialDelay",
        "initial_delay",
        "InitialDelay",
        "INITIAL_DELAY",
        "initialDelaySeconds",
        "initial_delay_secs",
        "initialDelayMs",
        "initial_delay_minutes",
    ] {
        assert_told(&format!("{name} = 5"), &["`initial_delay_ms` here"]);
    }
    assert_told("timeout_s = 5", &["write `timeout_ms = 5000`"]);
    assert_told("timeout_millis = 5", &["write `timeout_ms = 5`"]);
    assert_told("timeoutMinutes = 5", &["write `timeout_ms = 300000`"]);
    // Nobody knows what is counted.
    assert_told("timeout = 5", &["as in `timeout_ms = 2000`"]);
    assert_told("timeout = 5s", &["write `timeout_ms = 5000`"]);
    assert_told("timeoutSeconds = \"300ms\"", &["write `timeout_ms = 300`"]);
}

#[test]
fn what_is_near_is_found_and_nothing_else() {
    for (written, meant) in [
        ("tiemout_ms", Some("timeout_ms")),
        ("TIMEOUT_MS", Some("timeout_ms")),
        ("cache_failure", Some("cache_failure_ms")),
        ("crtical", Some("critical")),
        ("x", None),
        ("", None),
    ] {
        assert_eq!(
            nearest(written, Args::NAMES.iter().copied()),
            meant,
            "{written}"
        );
    }
    assert_eq!(nearest(&"c".repeat(100_000), ["cache"]), None);
}

#[test]
fn probes_are_found_by_what_others_call_them() {
    for (kind, words) in [
        (
            Kind::Liveness,
            "live livez alive Liveness LIVENESS liveliness livenes Probe::Liveness",
        ),
        (
            Kind::Readiness,
            "ready readyz Readiness rediness health healthz readinessProbe",
        ),
        (
            Kind::Startup,
            "started startupz startUp start-up start_up Kind::Startup boot",
        ),
    ] {
        for word in words.split(' ') {
            assert_eq!(Kind::meant(word), Some(kind), "{word}");
        }
    }
    for word in ["", "x", "database", "::"] {
        assert_eq!(Kind::meant(word), None, "{word}");
    }
}

#[test]
fn spans_are_converted_however_they_are_written() {
    for (written, expected) in [
        ("2_000", Some(2000)),
        ("2000u64", Some(2000)),
        ("2000.0", Some(2000)),
        ("2e3", Some(2000)),
        ("2.5", Some(2500)),
        // Rounded badly, rather than 25 minutes.
        ("1500.5", None),
        ("2s", Some(2000)),
        ("2.5s", Some(2500)),
        ("500ms", Some(500)),
        ("1m", Some(60_000)),
        ("(5)", Some(5)),
        ("\"2s\"", Some(2000)),
        ("\" 1m 30 s \"", Some(90_000)),
        ("\"1.5 seconds\"", Some(1500)),
        ("\"PT1M30S\"", Some(90_000)),
        ("\"2_000\"", Some(2000)),
        ("Duration::from_secs(2)", Some(2000)),
        ("std::time::Duration::from_secs_f64(1.5)", Some(1500)),
        ("Duration::from_millis(500)", Some(500)),
        ("Duration::from_secs(2).as_millis()", Some(2000)),
        ("Duration::new(2, 500_000_000)", Some(2500)),
        ("2.seconds()", Some(2000)),
        ("2 * 60 * 1000", Some(120_000)),
        ("1000 + 500", Some(1500)),
        ("\"1500us\"", None),
        ("-1", None),
        ("\"\"", None),
        ("\"s\"", None),
        ("\"2 parsecs\"", None),
        ("\"NaN\"", None),
        ("\"inf\"", None),
        ("Duration::MAX", None),
        ("1e300", None),
        ("true", None),
    ] {
        let value = syn::parse_str(written).expect("it is an expression");
        assert_eq!(milliseconds(&value, Some(1.0)), expected, "{written}");
    }
}

#[test]
fn values_are_answered_with_what_was_meant() {
    assert_told("critical = \"no\"", &["write `critical = false`"]);
    assert_told("critical = !true", &["write `critical = false`"]);
    assert_told("shared(yes)", &["write `shared = true`"]);
    assert_told("optional", &["write `critical = false`"]);
    assert_told("skip_on_err = false", &["write `critical = true`"]);
    assert_told(
        "failure_threshold = \"3\"",
        &["write `failure_threshold = 3`"],
    );
    assert_told(
        "failure_threshold = 1001",
        &["write `failure_threshold = 3`"],
    );
    assert_told(
        "timeout_ms = \"2 days\"",
        &["write `timeout_ms = 86400000`"],
    );
    assert_told(
        "name = \"the database\"",
        &["as in `name = \"the_database\"`"],
    );
    assert_told("name = NAME", &["not a constant"]);
    assert_told(
        "tags(db, \"primary\", \"db\")",
        &["write `tags = [\"db\", \"primary\"]`"],
    );
    assert_told("tags = vec![db.to_string()]", &["write `tags = [\"db\"]`"]);
    assert_told(
        "depends_on = crate::network",
        &["write `depends_on = [\"network\"]`"],
    );
    assert_told(
        "crate = \"health-core\"",
        &["write `crate = ::health_core`"],
    );
    assert_told(
        "crate = \"crate::facade\"",
        &["write `crate = crate::facade`"],
    );
    assert_told("crate = x::<u8>", &["write `crate = ::x`"]);
    assert_told("crate = \"x<u8>\"", &["write `crate = ::my_health_core`"]);
}

#[test]
fn who_is_told_is_found_however_it_is_said() {
    for (written, meant) in [
        ("visibility = full", "full"),
        ("visibility = \"Full\"", "full"),
        ("visibility = Visibility::Full", "full"),
        ("visibility = \"internal\"", "full"),
        ("visibility = \"when_authorized\"", "full"),
        ("visibility = false", "full"),
        ("visibility = 1", "full"),
        ("hidden = 0", "summary"),
        ("visibility(summary)", "summary"),
        ("visibility = \"sumary\"", "summary"),
        ("visibility = \"public\"", "summary"),
        ("visibility = Visibility::Summary", "summary"),
        ("visibility = true", "summary"),
        ("visibility: summary", "summary"),
        ("hidden = true", "full"),
        ("hidden", "full"),
        ("hidden = \"no\"", "summary"),
        ("private = \"admin\"", "full"),
        ("private = \"public\"", "full"),
        ("internal = false", "summary"),
        ("public = true", "summary"),
        ("public = false", "full"),
        ("show_details = \"when-authorized\"", "full"),
        ("showDetails = \"always\"", "summary"),
        ("showDetails = \"never\"", "full"),
    ] {
        let told = told(&format!("kind = \"readiness\", {written}"));
        let [told] = &*told else {
            panic!("{written}: {told:?}");
        };
        let value = format!("`visibility = \"{meant}\"`");
        let alone = format!("did you mean `\"{meant}\"`?");
        assert!(
            told.ends_with(&format!("write {value}")) || told.ends_with(&alone),
            "{written}: {told}"
        );
    }
    assert_told(
        "visibility = \"nobody at all\"",
        &["unknown visibility `nobody at all`; allowed are `\"summary\"` and `\"full\"`"],
    );
    assert_told(
        "visibility = VISIBILITY",
        &["not a constant, whose value the attribute cannot know: write `visibility = \"full\"`"],
    );
    assert_told(
        "readiness(visibility = \"full\")",
        &["it cannot differ for one probe: write it beside `readiness(...)`"],
    );
}

#[test]
fn a_mistake_in_one_argument_hides_none_in_others() {
    assert_told(
        "timeout_ms: 5, , \"x\", critical = 1 jitter = 2, kind::x = 3, cache-ms = 5, name = \"\"",
        &[
            "expected `=` after `timeout_ms`: write `timeout_ms = 5`",
            "expected an argument",
            "expected an argument",
            "write `critical = true`",
            "expected `,`",
            "write `jitter = true`",
            "expected an argument",
            "write `cache_ms`",
            "an empty text cannot be the name",
        ],
    );
}

#[test]
fn what_stands_for_an_equals_sign_hides_no_value() {
    for (written, expected) in [
        (
            "timeout_ms: 5s",
            "expected `=` after `timeout_ms`: write `timeout_ms = 5000`",
        ),
        ("timeout_ms => \"5\"", "write `timeout_ms = 5`"),
        ("timeout_ms += 5", "write `timeout_ms = 2000`"),
        ("tags: db", "write `tags = [\"db\"]`"),
        ("tags: [\"a - b\"]", "write `tags = [\"a - b\"]`"),
        ("crate: x", "write `crate = x`"),
        (
            "liveness { critical = false }",
            "expected parentheses after `liveness`: write `liveness(timeout_ms = 300)`",
        ),
        ("liveness: 500", "write `liveness(timeout_ms = 500)`"),
        ("liveness(timeout_ms: 2s)", "write `timeout_ms = 2000`"),
    ] {
        assert_told(written, &[expected]);
    }
    assert_told(
        "timout_ms: 5",
        &[
            "did you mean `timeout_ms`?",
            "expected `=` after `timout_ms`",
        ],
    );
}

#[test]
fn brackets_may_be_nested_without_end() {
    for (open, close) in [("(", ")"), ("[", "]"), ("vec![", "]")] {
        let value = format!("{}1{}", open.repeat(1000), close.repeat(1000));
        assert_told(&format!("tags = {value}"), &["nested too deeply"]);
        assert_told(&format!("liveness({value})"), &["nested too deeply"]);
    }
}

#[test]
fn what_was_meant_is_not_missed_as_well() {
    assert_eq!(told("type = \"readiness\"").len(), 1);
    assert_eq!(told("knd = \"readiness\", kind::x").len(), 2);
    assert_eq!(told("kind: \"readiness\"").len(), 1);
    assert_eq!(told("readiness").len(), 1);
    assert_eq!(told("\"ready\", tags = [\"a\"]").len(), 1);
}
