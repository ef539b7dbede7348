//! A result, and what it means.

use std::sync::Arc;

use tokio::time::Instant;

use crate::sample::{Asked, Sample};
use crate::standing::Standing;
use crate::{Check, Probe, Reason, Status};

/// What is known of a check: a result, and what the check is taken to be by it. Shared by all who
/// ask.
pub(crate) type Finding = Arc<Found>;

#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) sample: Sample,
    pub(crate) standing: Standing,
}

impl Found {
    pub(crate) fn new(sample: Sample, standing: Standing) -> Finding {
        Arc::new(Self { sample, standing })
    }

    /// Of something that has no runs in a row.
    pub(crate) fn alone(sample: Sample) -> Finding {
        let standing = Standing::of(sample.raw, sample.asked());
        Self::new(sample, standing)
    }

    /// The status of the check. While too few runs are known, liveness holds, and nothing else
    /// passes.
    pub(crate) fn status(&self, probe: Probe) -> Status {
        let undecided = match probe {
            Probe::Liveness => Status::Healthy,
            Probe::Readiness | Probe::Startup => Status::Unhealthy,
        };
        self.standing.decided().unwrap_or(undecided)
    }

    /// What that status means for the probe.
    pub(crate) fn counts_as(&self, check: &Check, probe: Probe, now: Instant) -> Status {
        let strict = check.is_critical_for(probe) && !self.is_forgiven(check, probe, now);
        self.status(probe).weighed(strict)
    }

    /// Whether this is the failure of something shared, for which not every replica should go.
    fn is_forgiven(&self, check: &Check, probe: Probe, now: Instant) -> bool {
        let forced = self.sample.reason == Some(Reason::Overridden);
        if forced || !check.is_shared() || probe != Probe::Readiness || !self.standing.passed() {
            return false;
        }
        let since = self.standing.since().map(|since: Asked| since.instant);
        match (since, check.fail_closed_after()) {
            (Some(since), Some(after)) => now.duration_since(since) < after,
            _ => true,
        }
    }
}
