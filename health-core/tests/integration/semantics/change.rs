//! Changes of the checks.

use health_core::{BuildError, Check, Health, HealthConfig};

use super::script::Change;

/// Makes the change; `c` makes the check that may be added.
pub(super) fn make(health: &Health, change: Change, c: impl FnOnce() -> Check) {
    match change {
        Change::Disable(name) => health.disable(name).unwrap(),
        Change::Enable(name) => health.enable(name).unwrap(),
        Change::Rename(name, other) => health.rename(name, other).unwrap(),
        Change::Remove(name) => health.remove(name).unwrap(),
        Change::Add => health.register(c()).unwrap(),
        Change::Configure(json) => configure(health, json).unwrap(),
        Change::Mistake(json) => drop(configure(health, json).unwrap_err()),
    }
}

fn configure(health: &Health, json: &str) -> Result<(), BuildError> {
    let config: HealthConfig = serde_json::from_str(json).unwrap();
    health.apply(&config)
}
