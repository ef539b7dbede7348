//! `c` and its prerequisite, as the table has them.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use health_core::{Check, IntoOutcome, Outcome, Probe};
use tokio::time::sleep;

use super::script::Does::{self, Fails, Hangs, Panics, Passes, Returns, Takes};
use crate::support::{Count, ms};

/// `c`, or its prerequisite.
#[derive(Clone)]
pub(super) struct Actor {
    pub(super) calls: Count,
    does: Arc<Mutex<Does>>,
}

impl Actor {
    pub(super) fn new() -> Self {
        Self {
            calls: Count::default(),
            does: Arc::new(Mutex::new(Passes)),
        }
    }

    pub(super) fn is(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    fn called(&self) -> Does {
        self.calls.one_more();
        *self.does.lock().unwrap()
    }

    pub(super) fn check(&self, name: &'static str) -> Check {
        let actor = self.clone();
        Check::new(name, move || act(actor.called()))
    }

    /// A run that hangs does so until the other end of `release` is dropped.
    pub(super) fn blocking(&self, release: mpsc::Receiver<()>) -> Check {
        let (actor, release) = (self.clone(), Mutex::new(release));
        Check::blocking("c", move || match actor.called() {
            Passes => (),
            Hangs => drop(release.lock().unwrap().recv()),
            Fails | Takes(_) | Panics | Returns(_) => panic!("nobody needs that"),
        })
    }
}

async fn act(does: Does) -> Outcome {
    match does {
        Passes => {}
        Fails => return Outcome::unhealthy("down"),
        Hangs => std::future::pending().await,
        Takes(time) => sleep(ms(time)).await,
        Panics => panic!("as it was told"),
        Returns(children) => return children.to_vec().into_outcome(),
    }
    Outcome::healthy()
}

/// The check with the attributes as they stand in the table.
pub(super) fn with_attributes(check: Check, attributes: &str) -> Check {
    let attributes = attributes.split(", ").filter(|a| !a.is_empty());
    attributes.fold(check, with_attribute)
}

fn with_attribute(check: Check, attribute: &str) -> Check {
    if let Some(own) = attribute.strip_prefix("readiness(") {
        return with_own(check, own.trim_end_matches(')'));
    }
    let (name, value) = halves(attribute);
    match name {
        "cache_ms" => check.with_cache(span(value)),
        "cache_failure_ms" => check.with_cache_failure(span(value)),
        "cancel_after_ms" => check.with_cancel_after(span(value)),
        "degraded_after_ms" => check.with_degraded_after(span(value)),
        "failure_threshold" => check.with_failure_threshold(value.parse().unwrap()),
        "success_threshold" => check.with_success_threshold(value.parse().unwrap()),
        "interval_ms" => check.with_interval(span(value)),
        "initial_delay_ms" => check.with_initial_delay(span(value)),
        "down_interval_ms" => check.with_down_interval(span(value)),
        "stale_after_ms" => check.with_stale_after(span(value)),
        "jitter" => check.with_jitter(value == "true"),
        "critical" => check.with_critical(value == "true"),
        "shared" => check.with_shared(value == "true"),
        "fail_closed_after_ms" => check.with_fail_closed_after(span(value)),
        "depends_on" => {
            let name = value.trim_matches(['[', ']', '"']);
            check.with_depends_on(name.to_owned())
        }
        _ => panic!("what is `{attribute}`?"),
    }
}

fn with_own(check: Check, attribute: &str) -> Check {
    match halves(attribute) {
        ("timeout_ms", value) => check.with_timeout_for(Probe::Readiness, span(value)),
        ("critical", value) => check.with_critical_for(Probe::Readiness, value == "true"),
        _ => panic!("what is `{attribute}`?"),
    }
}

fn halves(attribute: &str) -> (&str, &str) {
    attribute
        .split_once(" = ")
        .expect("an attribute has a value")
}

fn span(value: &str) -> Duration {
    ms(value.parse().unwrap())
}
