//! Values and types that another macro passes on.
#![deny(warnings)]

use health_core::{Health, State, health_check};

macro_rules! check {
    ($name:ident, $kind:expr, $timeout:literal, $critical:expr, $ty:ty, $krate:path) => {
        #[health_check(
            kind = $kind,
            timeout_ms = $timeout,
            critical = $critical,
            tags = [$kind],
            crate = $krate
        )]
        async fn $name(_state: $ty) {}
    };
}

check!(passed_on, "readiness", 250, false, State<u64>, ::health_core);

/// Still asked, although nobody should call it.
#[deprecated]
#[health_check(kind = "liveness")]
async fn outdated() {}

/**
 * Stars frame
 * this text.
 */
#[health_check(kind = "liveness")]
async fn starred() {}

/// * a list
/// * of two
#[health_check(kind = "liveness")]
async fn listed() {}

#[doc = concat!("From ", "a macro.")]
#[health_check(kind = "liveness")]
async fn composed() {}

fn main() {
    let error = Health::builder().build().unwrap_err().to_string();
    assert!(error.contains("`State<u64>`"), "{error}");

    let health = Health::builder().state(7_u64).build().unwrap();
    let checks = health.checks();
    let find = |name| checks.iter().find(|check| check.name() == name).unwrap();
    let check = find("passed_on");
    assert_eq!((check.timeout().as_millis(), check.is_critical()), (250, false));
    assert_eq!(check.tags().collect::<Vec<_>>(), ["readiness"]);
    assert_eq!(find("starred").description(), "Stars frame\nthis text.");
    assert_eq!(find("listed").description(), "* a list\n* of two");
    assert_eq!(find("composed").description(), "From a macro.\n");
    assert_eq!(find("outdated").probes().iter().count(), 1);
}
