//! When an outage is noticed.

use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Probe};

use super::{ProbePlan, seconds};

/// The check whose outage is noticed last, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) check: String,
    /// The most that may pass from when the check would fail until the platform acts.
    pub(crate) seconds: u64,
}

impl Notice {
    pub(super) fn last(checks: &[Arc<Check>], probe: Probe, plan: &ProbePlan) -> Option<Self> {
        let notices = counting(checks, probe).map(|check| Self {
            check: check.name().to_owned(),
            seconds: decided_within(check, probe, plan).saturating_add(plan.window_seconds()),
        });
        notices.max_by_key(|notice| notice.seconds)
    }

    pub(super) fn later_by(self, seconds: u64) -> Self {
        Self {
            seconds: self.seconds.saturating_add(seconds),
            ..self
        }
    }
}

/// The checks whose failure fails the probe, whenever it is.
pub(super) fn counting(checks: &[Arc<Check>], probe: Probe) -> impl Iterator<Item = &Check> {
    let serving = checks.iter().map(|check| &**check);
    serving.filter(move |check| {
        let forgiven = probe == Probe::Readiness && check.is_shared();
        check.probes().contains(probe) && check.is_critical_for(probe) && !forgiven
    })
}

/// How long a check may go on passing: until the run that begins next, and as many more as its
/// threshold has, have failed.
fn decided_within(check: &Check, probe: Probe, plan: &ProbePlan) -> u64 {
    let (next, further) = match check.interval() {
        Some(interval) => (interval, check.down_interval().unwrap_or(interval)),
        None => (check.cache(probe), asked_again(check, probe, plan)),
    };
    let further = further.saturating_mul(check.failure_threshold().saturating_sub(1));
    let waited = next.saturating_add(further);
    let jitter = if check.interval().is_some() && check.jitters() {
        waited / 10
    } else {
        Duration::ZERO
    };
    let run = check.timeout_for(probe).max(check.timeout());
    seconds(waited.saturating_add(jitter).saturating_add(run))
}

/// How long after a run that failed the probe runs the check again.
fn asked_again(check: &Check, probe: Probe, plan: &ProbePlan) -> Duration {
    let periods = seconds(check.cache_failure(probe)).div_ceil(plan.period_seconds);
    Duration::from_secs(periods.max(1).saturating_mul(plan.period_seconds))
}

/// How long a result is the answer: until the next run by the schedule, or as long as it is kept.
pub(super) fn news_after(check: &Check, probe: Probe) -> Duration {
    let kept = check.cache(probe).min(check.cache_failure(probe));
    let down = check.down_interval();
    check.interval().map_or(kept, |interval| {
        let next = down.map_or(interval, |down| interval.min(down));
        next.min(kept)
    })
}
