//! How long a report is what whoever asks again would be told: the one place that knows.
//!
//! What a probe is told depends on its checks, on what is known of each, on what operators have
//! said, on who asks, and on the time. So a report lasts, if
//!
//! - all that it tells is what runs of the checks have found, and each of these results is the
//!   answer for some time to come ([`Kept`]): no run of it is under way, it is not overdue, skipped,
//!   stale, disabled or given up;
//! - nothing is said by operators: the process neither drains nor is in maintenance, nothing is
//!   forced, and no startup gate is closed;
//! - no prerequisite can have a say in it, for all checks pass, or there are none;
//! - the caller does not come by way of other services;
//!
//! and it is what those are told who [bring](Brought) the same things as the caller, for any check
//! that the probe may ask, as long as
//!
//! - nothing has [changed](Changes) since before it was made: no run has begun, no check came, went or
//!   was changed, and nobody has said anything;
//! - the first of its results has not grown too old, be it for its cache, for its schedule, or to be
//!   forgiven a failure.
//!
//! What else somebody makes of a report, such as the time at which it was made, is theirs to look
//! after.

use tokio::time::Instant;

use crate::bind::Brought;
use crate::context::Context;
use crate::finding::Kept;
use crate::report::Entry;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::guarded;
use crate::{Phase, Probe, Report, Status};

/// Counts what may change what a report tells.
#[derive(Debug, Default)]
pub(crate) struct Changes(AtomicU64);

impl Changes {
    /// Something has changed. Called after it has, under the lock of what has, if there is one: who
    /// sees no change counted may be told what was before it. That a run is under way changes no answer,
    /// and keeps what is made meanwhile from lasting: it is counted after that, and before the run begins.
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// How many there were. Asked before anything is looked at.
    pub(crate) fn so_far(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// By what a report is known to be what whoever asks again would be told.
#[derive(Clone, Debug)]
pub struct Lasting {
    changes: u64,
    /// None: for as long as nothing changes.
    until: Option<Instant>,
    brought: Vec<Brought>,
    probe: Probe,
    status: Status,
}

impl Lasting {
    /// Of a report to somebody who brought this, of checks of which nobody says anything, from before
    /// which so many changes were counted.
    pub(crate) fn of(
        report: &Report,
        changes: u64,
        has_prerequisites: bool,
        brought: Vec<Brought>,
    ) -> Option<Self> {
        let entries = report.entries();
        if *report.phase() != Phase::Started
            || has_prerequisites && !entries.iter().all(|entry| entry.status().is_passing())
        {
            return None;
        }
        let mut first = None;
        for until in entries.iter().map(Entry::kept) {
            match until {
                Kept::Not => return None,
                Kept::Until(until) => {
                    first = Some(first.map_or(until, |first: Instant| first.min(until)));
                }
                Kept::Latched => {}
            }
        }
        Some(Self {
            changes,
            until: first,
            brought,
            probe: report.probe(),
            status: report.status(),
        })
    }

    /// Whether it does now.
    pub(crate) fn holds(&self, changes: &Changes, now: impl FnOnce() -> Instant) -> bool {
        changes.so_far() == self.changes && self.until.is_none_or(|until| now() < until)
    }

    /// Whether it is what this caller is told, as far as it depends on the caller. An argument may be
    /// of a type that a user made injectable.
    pub(crate) fn is_for(&self, cx: &Context<'_>) -> bool {
        let brings_all = || self.brought.iter().all(|thing| thing.is_by(cx));
        self.brought.is_empty() || guarded(brings_all).unwrap_or(false)
    }

    pub(crate) const fn probe(&self) -> Probe {
        self.probe
    }

    pub(crate) const fn status(&self) -> Status {
        self.status
    }
}
