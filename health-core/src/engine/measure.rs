//! What was counted.

use super::Engine;
use super::slot::Slot;
use crate::measurements::{CheckMeasurements, Measurements};

impl Engine {
    /// What was counted until now. What is overdue by now counts as that.
    pub(crate) fn measurements(&self) -> Measurements {
        let roster = self.roster();
        let now = self.executor.now().instant;
        let measured = |slot: &Slot| {
            slot.expire(now, &|check| self.why_starved(check));
            let check = slot.check().clone();
            CheckMeasurements::new(check, slot.is_disabled(), slot.counts())
        };
        Measurements {
            checks: roster.slots().iter().map(|slot| measured(slot)).collect(),
            probes: self.answers.measurements(),
            threads: self.executor.threads_now(),
            stuck_runs: self.teller.stuck().count(),
        }
    }
}
