//! Annotated functions. Those of this binary are in every registry that is not empty.

use health_core::{Caller, Health, HealthBuilder, Outcome, Probe, Runtime};
use health_core::{State, Status, health_check};

use crate::support::{entry, ms, names};

pub(crate) struct Pool(u32);

/// The first line
/// and the second.
///
///     indented
#[health_check(
    kind = ["readiness", "liveness"],
    timeout_ms = 250,
    name = "db.primary",
    critical = false,
    tags = ["db", "slow"],
    cache_ms = 30,
    liveness_reason = "the pool mends itself only when the process starts",
)]
async fn everything_given(pool: State<Pool>, _: State<String>) -> Result<bool, String> {
    Ok(pool.0 == 7)
}

#[health_check(kind = "startup")]
fn defaults() {}

mod one {
    use super::{Outcome, health_check};

    #[health_check(kind = "readiness")]
    async fn same() -> Outcome {
        Outcome::degraded("of one")
    }
}

mod other {
    use super::health_check;

    #[health_check(kind = "readiness")]
    fn same() -> bool {
        false
    }
}

/// All annotated functions of this binary, in a registry without mistakes.
fn builder() -> HealthBuilder {
    Health::builder()
        .state(Pool(7))
        .state(String::new())
        .rename("integration::annotated::other::same", "other-same")
        .exclude("integration::binding::tenant_started")
}

#[test]
fn an_annotated_function_is_found_as_it_was_annotated() {
    let health = builder().build().unwrap();
    let checks = health.checks();
    let find = |name| checks.iter().find(|check| check.name() == name).unwrap();

    let given = find("db.primary");
    assert_eq!(given.identity(), "integration::annotated::everything_given");
    assert_eq!(format!("{:?}", given.probes()), "{Liveness, Readiness}");
    assert_eq!((given.timeout(), given.is_critical()), (ms(250), false));
    assert_eq!(given.cache(Probe::Liveness), ms(30));
    assert_eq!(given.tags().collect::<Vec<_>>(), ["db", "slow"]);
    assert_eq!(
        given.description(),
        "The first line\nand the second.\n\n    indented"
    );
    assert!(given.location().file().ends_with("annotated.rs"));
    let reason = "the pool mends itself only when the process starts";
    assert_eq!(given.liveness_reason(), reason);

    let defaults = find("defaults");
    assert_eq!(
        (defaults.timeout(), defaults.is_critical()),
        (ms(800), true)
    );
    assert_eq!(defaults.cache(Probe::Startup), ms(1000));
    assert_eq!((defaults.tags().len(), defaults.description()), (0, ""));
    assert_eq!(
        names(&health),
        ["db.primary", "defaults", "other-same", "same", "tenant"]
    );
}

#[test]
fn an_annotated_function_can_still_be_called() {
    defaults();
}

#[tokio::test(start_paused = true)]
async fn annotated_functions_run_with_their_arguments() {
    let health = builder().runtime(Runtime::current()).build().unwrap();
    let report = health.probe(Probe::Readiness, Caller::nobody()).await;
    assert_eq!(entry(&report, "db.primary").status(), Status::Healthy);
    assert_eq!(entry(&report, "same").message(), Some("of one"));
    assert_eq!(entry(&report, "other-same").status(), Status::Unhealthy);
    assert_eq!(
        report.entries().len(),
        4,
        "the startup check was outstanding"
    );
}

#[test]
fn two_functions_of_one_name_are_both_named() {
    let error = Health::builder()
        .state(Pool(7))
        .state(String::new())
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("1 mistake in the health checks:\n  - 2 checks are named `same`:"));
    let place = |line: u32| format!("{}:{line}", file!());
    let (one, other) = (
        line_of("    #[health_check(kind = \"readiness\")]\n    async"),
        line_of("    #[health_check(kind = \"readiness\")]\n    fn"),
    );
    assert!(
        text.contains(&format!(
            "`integration::annotated::one::same` at {}",
            place(one)
        )),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "`integration::annotated::other::same` at {}",
            place(other)
        )),
        "{text}"
    );
}

fn line_of(text: &str) -> u32 {
    let source = include_str!("annotated.rs");
    let at = source.find(text).expect("the text is in this file");
    u32::try_from(source[..at].lines().count() + 1).unwrap()
}

#[test]
fn a_missing_state_is_a_mistake_that_names_it() {
    let error = Health::builder()
        .state(String::new())
        .exclude("integration::annotated::one::same")
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("check `db.primary` ("), "{text}");
    assert!(
        text.contains(
            "it takes `State<Pool>`, but there is no such state; give the builder one, as in \
             `Health::builder().state(value)`, the value being a `integration::annotated::Pool`"
        ),
        "{text}"
    );
}

#[test]
fn a_name_that_several_have_does_not_pick_one() {
    let text = builder()
        .exclude("same")
        .rename("same", "x")
        .build()
        .unwrap_err()
        .to_string();
    // The first change took `same` of module one, since the other was renamed; then none is left.
    assert!(
        text.contains("there is no check `same` to rename"),
        "{text}"
    );
    let error = Health::builder()
        .state(Pool(7))
        .state(String::new())
        .exclude("same")
        .build();
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("there are several checks `same` to exclude"),
        "{text}"
    );
}
