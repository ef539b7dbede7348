//! What works as asked for, but not as most expect.

use std::time::Duration;

use crate::Probe;
use crate::engine::Engine;

/// How long each probe may take, in the order of [`Probe::ALL`].
pub(crate) type Longest = [Duration; 3];

pub(crate) fn longest(engine: &Engine) -> Longest {
    Probe::ALL.map(|probe| engine.longest(probe))
}

/// Warns of what is surprising at the start.
pub(crate) fn warn(engine: &Engine) {
    if cfg!(panic = "abort") && !engine.checks().is_empty() {
        tracing::warn!(
            target: "health",
            "built with panic = \"abort\": a check that panics ends the process"
        );
    }
    warn_of_longer(engine, Longest::default());
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
