//! The least that can be written, waiting and blocking, and its defaults.

use std::time::Duration;

use health_core::{Health, Probe, health_check};

#[health_check(kind = "readiness")]
async fn waits() {}

#[health_check(kind = "liveness")]
fn blocks() {}

fn main() {
    let health = Health::builder().build().unwrap();
    let checks = health.checks();
    let [blocks, waits] = &checks[..] else {
        panic!("not two checks: {checks:?}");
    };
    assert_eq!(blocks.name(), "blocks");
    assert_eq!(blocks.probes(), Probe::Liveness.into());
    assert_eq!(blocks.cache(Probe::Liveness), Duration::ZERO);
    assert_eq!(waits.name(), "waits");
    assert_eq!(waits.probes(), Probe::Readiness.into());
    assert_eq!(waits.cache(Probe::Readiness), Duration::from_secs(1));
    for check in &checks {
        assert_eq!(check.identity(), format!("{}::{}", module_path!(), check.name()));
        assert_eq!(check.timeout(), Duration::from_millis(800));
        assert!(check.is_critical());
        assert_eq!(check.tags().len(), 0);
        assert_eq!(check.description(), "");
        assert_eq!(check.location().file(), file!());
    }
    // The line of the attribute.
    assert_eq!(waits.location().line(), 7);
    assert_eq!(blocks.location().line(), 10);
}
