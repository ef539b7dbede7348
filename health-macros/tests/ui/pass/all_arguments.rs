//! Every argument at once, in another order than the documentation's, with a trailing comma.

use std::time::Duration;

use health_core::{Health, Probe, health_check};

#[health_check(
    tags = ["db", "primary"],
    critical = false,
    cache_ms = 0,
    timeout_ms = 2_500,
    name = "database.primary-1",
    kind = ["startup", "liveness", "readiness"],
    crate = ::health_core,
)]
async fn waits() {}

/// With a description.
#[health_check(kind = ["liveness"], name = "B_2", timeout_ms = 86_400_000, cache_ms = 0x10,
    critical = true, tags = [], crate = health_core)]
fn blocks() {}

#[health_check(r#kind = r"startup", tags = [r#"a "tag""#])]
fn raw() {}

fn main() {
    let health = Health::builder().build().unwrap();
    let checks = health.checks();
    let [blocks, waits, raw] = &checks[..] else {
        panic!("not three checks: {checks:?}");
    };

    assert_eq!(waits.name(), "database.primary-1");
    assert_eq!(waits.identity(), concat!(module_path!(), "::waits"));
    assert_eq!(waits.probes(), Probe::ALL.into_iter().collect());
    assert_eq!(waits.timeout(), Duration::from_millis(2500));
    assert_eq!(waits.cache(Probe::Readiness), Duration::ZERO);
    assert!(!waits.is_critical());
    assert_eq!(waits.tags().collect::<Vec<_>>(), ["db", "primary"]);
    assert_eq!(waits.description(), "");

    assert_eq!(blocks.name(), "B_2");
    assert_eq!(blocks.identity(), concat!(module_path!(), "::blocks"));
    assert_eq!(blocks.probes(), Probe::Liveness.into());
    assert_eq!(blocks.timeout(), Duration::from_secs(24 * 60 * 60));
    assert_eq!(blocks.cache(Probe::Liveness), Duration::from_millis(16));
    assert!(blocks.is_critical());
    assert_eq!(blocks.tags().len(), 0);
    assert_eq!(blocks.description(), "With a description.");

    assert_eq!(raw.name(), "raw");
    assert_eq!(raw.probes(), Probe::Startup.into());
    assert_eq!(raw.tags().collect::<Vec<_>>(), ["a \"tag\""]);
}
