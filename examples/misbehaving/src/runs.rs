use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All checks, so that those which were never started are counted too.
const CHECKS: [&str; 6] = ["fine", "hang", "block", "panic", "sync_slow", "error"];

/// How often each check was started, and whether it ever ran twice at once.
pub(crate) struct Runs(Mutex<BTreeMap<&'static str, Counts>>);

#[derive(Clone, Copy, Default)]
struct Counts {
    started: u64,
    running: u64,
    overlaps: u64,
}

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// A run of a check; it lasts until the value is dropped.
    pub(crate) fn start(&'static self, check: &'static str) -> Run {
        let mut runs = self.lock();
        let counts = runs.entry(check).or_default();
        counts.started += 1;
        counts.overlaps += u64::from(counts.running > 0);
        counts.running += 1;
        Run { runs: self, check }
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let runs = self.lock();
        let started = |check| runs.get(check).map_or(0, |counts| counts.started);
        CHECKS
            .into_iter()
            .map(|check| (check, started(check)))
            .collect()
    }

    pub(crate) fn overlaps(&self) -> u64 {
        self.lock().values().map(|counts| counts.overlaps).sum()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that has not ended.
#[must_use]
pub(crate) struct Run {
    runs: &'static Runs,
    check: &'static str,
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(counts) = self.runs.lock().get_mut(self.check) {
            counts.running -= 1;
        }
    }
}
