//! What a check is taken to be, by its runs in a row.

use crate::sample::Asked;
use crate::{Check, Probe, Status};

/// Where a check stands. It changes its mind only after enough runs in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// What it is taken to be; nothing before enough is known.
    decided: Option<Status>,
    /// The start of the run that decided it.
    since: Option<Asked>,
    /// How many of the last runs in a row failed, or passed.
    streak: u32,
    failing: bool,
    passed: bool,
}

impl Standing {
    /// Of something of which nothing but this is known.
    pub(crate) const fn of(status: Status, asked: Asked) -> Self {
        let failing = !status.is_passing();
        Self {
            decided: Some(status),
            since: Some(asked),
            streak: 0,
            failing,
            passed: !failing,
        }
    }

    /// Counts a run that was asked for then.
    pub(crate) fn count(&mut self, check: &Check, raw: Status, asked: Asked) {
        self.note(raw);
        let failing = self.failing;
        let was_failing = self.decided.map(|status| !status.is_passing());
        let decides = match (was_failing, failing) {
            (_, true) => self.streak >= check.failure_threshold(),
            (Some(true), false) => self.streak >= check.success_threshold(),
            (Some(false) | None, false) => true,
        };
        if decides {
            self.decide(raw, asked);
        }
        self.passed |= decides && !failing;
    }

    /// Counts a run of something about which others decide, and takes over what they did.
    pub(crate) fn follow(&mut self, raw: Status, decided: Option<Status>, asked: Asked) {
        self.note(raw);
        if let Some(status) = decided {
            self.decide(status, asked);
            self.passed |= status.is_passing();
        }
    }

    fn note(&mut self, raw: Status) {
        let failing = !raw.is_passing();
        self.streak = if failing == self.failing {
            self.streak.saturating_add(1)
        } else {
            1
        };
        self.failing = failing;
    }

    /// The same if this were said of it now.
    #[must_use]
    pub(crate) fn taken_for(mut self, status: Status, asked: Asked) -> Self {
        self.decide(status, asked);
        self
    }

    /// Forgets the runs in a row, and what they decided; not that it has passed.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            passed: self.passed,
            ..Self::default()
        };
    }

    fn decide(&mut self, status: Status, asked: Asked) {
        if self.decided != Some(status) {
            self.decided = Some(status);
            self.since = Some(asked);
        }
    }

    /// What that means for a probe. While too few runs are known, liveness holds, and nothing else
    /// passes.
    pub(crate) fn status(&self, probe: Probe) -> Status {
        let undecided = match probe {
            Probe::Liveness => Status::Healthy,
            Probe::Readiness | Probe::Startup => Status::Unhealthy,
        };
        self.decided.unwrap_or(undecided)
    }

    pub(crate) const fn decided(&self) -> Option<Status> {
        self.decided
    }

    pub(crate) const fn since(&self) -> Option<Asked> {
        self.since
    }

    /// Whether it has ever passed.
    pub(crate) const fn passed(&self) -> bool {
        self.passed
    }

    /// How many of the last runs in a row failed.
    pub(crate) const fn failures(&self) -> u32 {
        if self.failing { self.streak } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::*;

    fn asked() -> Asked {
        Asked {
            instant: Instant::now(),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn status() -> impl Strategy<Value = Status> {
        prop_oneof![
            Just(Status::Healthy),
            Just(Status::Degraded),
            Just(Status::Unhealthy)
        ]
    }

    /// The same by looking at all runs from the beginning each time.
    fn naive(runs: &[Status], failures: usize, successes: usize) -> Option<Status> {
        let mut decided = None;
        for end in 1..=runs.len() {
            let last = runs[end - 1];
            let same = |status: &&Status| status.is_passing() == last.is_passing();
            let in_a_row = runs[..end].iter().rev().take_while(same).count();
            let needed = match decided {
                _ if !last.is_passing() => failures,
                Some(Status::Unhealthy) => successes,
                _ => 1,
            };
            if in_a_row >= needed {
                decided = Some(last);
            }
        }
        decided
    }

    proptest! {
        #[test]
        fn it_decides_as_one_who_looks_at_all_runs(
            runs in prop::collection::vec(status(), 0..40),
            failures in 1_u32..5,
            successes in 1_u32..5,
        ) {
            let check = Check::new("c", async || ())
                .with_failure_threshold(failures)
                .with_success_threshold(successes);
            let mut standing = Standing::default();
            let mut passed = false;
            for (index, run) in runs.iter().enumerate() {
                standing.count(&check, *run, asked());
                prop_assert_eq!(
                    standing.decided(),
                    naive(&runs[..=index], failures as usize, successes as usize)
                );
                passed |= standing.decided().is_some_and(Status::is_passing);
                prop_assert_eq!(standing.passed(), passed);
            }
        }
    }

    #[test]
    fn what_is_known_alone_has_passed_if_it_passes() {
        for status in Status::ALL {
            let standing = Standing::of(status, asked());
            assert_eq!(standing.passed(), status.is_passing());
            assert_eq!(standing.failures(), 0, "it has no runs in a row");
        }
    }

    #[test]
    fn a_success_resets_the_count_also_while_it_is_healthy() {
        let check = Check::new("c", async || ()).with_failure_threshold(3);
        let mut standing = Standing::default();
        use Status::{Healthy, Unhealthy};
        let runs = [Healthy, Unhealthy, Unhealthy, Healthy, Unhealthy, Unhealthy];
        runs.iter()
            .for_each(|run| standing.count(&check, *run, asked()));
        assert_eq!(standing.decided(), Some(Healthy), "never three in a row");
        assert_eq!(standing.failures(), 2);
    }
}
