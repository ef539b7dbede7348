//! What works as asked for, but not as most expect.

use std::time::Duration;

use crate::engine::Engine;
use crate::{Check, Probe};

/// How long each probe may take, in the order of [`Probe::ALL`].
pub(crate) type Longest = [Duration; 3];

pub(crate) fn longest(engine: &Engine) -> Longest {
    Probe::ALL.map(|probe| engine.longest(probe))
}

/// Warns of what is surprising at the start.
pub(crate) fn warn(engine: &Engine) {
    let checks = engine.checks();
    if cfg!(panic = "abort") && !checks.is_empty() {
        tracing::warn!(
            target: "health",
            "built with panic = \"abort\": a check that panics ends the process"
        );
    }
    checks.iter().for_each(|check| warn_of(check));
    warn_of_longer(engine, Longest::default());
}

/// Warns of a check for whose failure a restart would be no remedy.
pub(crate) fn warn_of(check: &Check) {
    let lives = check.probes().contains(Probe::Liveness);
    if !(check.is_external() && lives && check.liveness_reason().is_empty()) {
        return;
    }
    tracing::warn!(
        target: "health",
        check = check.name(),
        "check `{}` ({}) asks something outside of the process, but serves liveness: an outage of \
         that would restart the process, again and again, and repair nothing. Let it serve \
         readiness, or say why with `.with_liveness_reason(\"...\")`",
        check.name(),
        check.location()
    );
}

/// Warns of probes that may take long, and longer than before.
pub(crate) fn warn_of_longer(engine: &Engine, before: Longest) {
    let now = Probe::ALL.into_iter().zip(longest(engine));
    for ((probe, longest), before) in now.zip(before) {
        if longest <= before.max(Duration::from_millis(900)) {
            continue;
        }
        let seconds = (longest + Duration::from_millis(100)).as_secs_f64().ceil();
        tracing::warn!(
            target: "health",
            "a {probe} probe may take {} ms, but kubelet waits 1 s unless told otherwise: set \
             timeoutSeconds: {seconds} on it",
            longest.as_millis()
        );
    }
}
