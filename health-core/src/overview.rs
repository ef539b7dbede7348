use tokio::time::Instant;

use crate::gate::ClosedGate;
use crate::report::{causes_first, worst};
use crate::{Entry, Phase, Status};

/// What all probes together found: every check once, and one verdict.
///
/// For formats whose root means "everything", such as Spring's `/actuator/health` or the `/health`
/// of `MicroProfile`. Where an answer takes traffic away or restarts a process, a probe's own
/// [`Report`](crate::Report) is what is meant.
#[derive(Clone, Debug)]
pub struct Overview {
    phase: Phase,
    status: Status,
    gates: Vec<ClosedGate>,
    entries: Vec<Entry>,
}

impl Overview {
    /// Weighs the entries, one of each check. Every phase but the last of the start fails a probe.
    pub(crate) fn new(phase: Phase, gates: Vec<ClosedGate>, mut entries: Vec<Entry>) -> Self {
        let status = match phase {
            Phase::Started => worst(entries.iter().map(Entry::counts_as)),
            _ => Status::Unhealthy,
        };
        causes_first(&mut entries);
        Self {
            phase,
            status,
            gates,
            entries,
        }
    }

    /// Where the process stands in its life, as readiness sees it.
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The verdict: the worst of those of the three probes. It is unhealthy while the process
    /// starts, drains, is out of service or is misconfigured.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Whether all three probes pass.
    pub const fn is_passing(&self) -> bool {
        self.status.is_passing()
    }

    /// The startup gates that are not open, sorted by name.
    pub fn closed_gates(&self) -> &[ClosedGate] {
        &self.gates
    }

    /// All checks, each once: first those whose failure is the cause of others, then the rest, each
    /// sorted by name.
    ///
    /// An entry is as for the probe in which the check counts worst, of those that it serves: so
    /// its status and what it counts as are the worst that any of them would report. If several
    /// probes say the same, it is the newest result.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// Of the entries of each check the worst, sorted by name; made into a report now.
pub(crate) fn worst_of_each(mut entries: Vec<Entry>, now: Instant) -> Vec<Entry> {
    entries.iter_mut().for_each(|entry| entry.made_at(now));
    entries.sort_by(|a, b| {
        let by_name = a.name().cmp(b.name());
        by_name.then_with(|| b.rank().cmp(&a.rank()))
    });
    entries.dedup_by(|further, worst| {
        let is_same = further.name() == worst.name();
        if is_same {
            worst.shares_with(further);
        }
        is_same
    });
    entries
}
