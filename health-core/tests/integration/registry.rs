//! Every mistake at once, each with its place.

use std::time::Duration;

use health_core::{BuildError, Check, Health, HealthBuilder};

use crate::support::names;

const FINE: u32 = line!() + 3;

fn fine(name: &'static str) -> Check {
    Check::new(name, async || ()).readiness()
}

/// The lines of the error, the file of this test shortened.
fn lines(error: &BuildError) -> Vec<String> {
    error
        .to_string()
        .replace(file!(), "FILE")
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn checks_are_sorted_by_name() {
    let health = HealthBuilder::empty()
        .check(fine("b"))
        .check(fine("a"))
        .build()
        .unwrap();
    assert_eq!(names(&health), ["a", "b"]);
    assert_eq!(
        format!("{health:?}"),
        r#"Health { checks: ["a", "b"], .. }"#
    );
}

#[test]
fn every_mistake_is_listed_with_its_place() {
    let line = line!();
    let builder = HealthBuilder::empty()
        .check(fine("twice"))
        .check(fine("twice"))
        .check(fine("has space"))
        .check(Check::new("aimless", async || ()))
        .check(fine("never").with_timeout(Duration::ZERO))
        .state(7_u8)
        .state(8_u8)
        .deadline(Duration::ZERO)
        .exclude("gone")
        .exclude("twice")
        .require(["has space", "cache"]);
    let at = |offset: u32| format!("FILE:{}", line + offset);
    let helper = format!("FILE:{FINE}");
    let expected = [
        "9 mistakes in the health checks:".to_owned(),
        format!(
            "  - the builder was given a second value of type `u8` at {}; wrap one in a type of \
             its own",
            at(8)
        ),
        format!(
            "  - a probe deadline of 0ns, set at {}, makes no sense; it must be above 0 and at \
             most a day",
            at(9)
        ),
        format!(
            "  - there is no check `gone` to exclude at {}; there are: `twice`, \
             `twice`, `has space`, `aimless`, `never`",
            at(10)
        ),
        format!(
            "  - there are several checks `twice` to exclude at {}; say \
             which: `twice`, `twice`",
            at(11)
        ),
        format!(
            "  - check `aimless` ({}): it serves no probe; add `.liveness()`, `.readiness()` or \
             `.startup()`",
            at(5)
        ),
        format!(
            "  - check `has space` ({helper}): this cannot be a name; use up to 100 letters, \
             digits, `_`, `-` and `.`"
        ),
        format!(
            "  - check `never` ({helper}): its timeout of 0ns makes no sense; that must be above 0 \
             and at most a day"
        ),
        format!(
            "  - 2 checks are named `twice`: `twice` at {helper}, `twice` at {helper}; give one \
             another name"
        ),
        format!(
            "  - the check `cache`, required at {}, is not there; a crate whose checks are to be \
             found must be named by the program, else the linker drops it: write `use that_crate \
             as _;` in main.rs. Found: `aimless`, `has space`, `never`, `twice`",
            at(12)
        ),
    ];
    let error = builder.build().unwrap_err();
    assert_eq!(lines(&error), expected);
    assert_eq!(error.mistakes().len(), 9);
}

#[test]
fn checks_can_be_renamed_and_excluded() {
    let health = HealthBuilder::empty()
        .check(fine("a"))
        .check(fine("b"))
        .rename("a", "c")
        .exclude("b")
        .build()
        .unwrap();
    let check = &health.checks()[0];
    assert_eq!((check.name(), check.identity()), ("c", "a"));
    assert_eq!(health.checks().len(), 1);
}

#[test]
fn a_ready_made_check_can_be_given_another_name() {
    let pools = ["orders", "billing"].map(|name| fine("postgres").with_name(name));
    let health = pools
        .into_iter()
        .fold(HealthBuilder::empty(), HealthBuilder::check);
    let health = health.build().unwrap();
    let called: Vec<_> = health
        .checks()
        .iter()
        .map(|check| (check.name().to_owned(), check.identity().to_owned()))
        .collect();
    let twice = |name: &str| (name.to_owned(), name.to_owned());
    assert_eq!(called, [twice("billing"), twice("orders")]);
}

#[test]
fn health_is_a_cheap_clone_that_can_be_shared() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Health>();
    assert_eq!(size_of::<Health>(), size_of::<usize>());
}
