use std::time::SystemTime;

use crate::{Overview, Probe, Report};

/// What is known at one moment of all probes and checks, though nothing was run to find it out.
///
/// It is what probes asking at that moment would report, if each check had just found again what it
/// found last, however long ago that was. A check that has never run counts as it does for a probe
/// that gets no result in time. That a probe gave up on a run which went on is not in it.
#[derive(Clone, Debug)]
pub struct Glance {
    reports: [Report; Probe::ALL.len()],
    since: [Option<SystemTime>; Probe::ALL.len()],
    overview: Overview,
}

impl Glance {
    pub(crate) const fn new(
        reports: [Report; Probe::ALL.len()],
        since: [Option<SystemTime>; Probe::ALL.len()],
        overview: Overview,
    ) -> Self {
        Self {
            reports,
            since,
            overview,
        }
    }

    /// Each probe, in the order of [`Probe::ALL`], and since when those who ask are told its
    /// verdict: not since it has been so, for nobody may have asked. Readiness lists its checks
    /// while the process drains too.
    pub fn probes(&self) -> impl ExactSizeIterator<Item = (&Report, Option<SystemTime>)> {
        self.reports.iter().zip(self.since)
    }

    /// All checks, each once, and the lifecycle.
    pub const fn overview(&self) -> &Overview {
        &self.overview
    }
}
