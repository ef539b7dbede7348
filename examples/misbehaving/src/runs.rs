use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often each check was started.
pub(crate) struct Runs(Mutex<BTreeMap<&'static str, u64>>);

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    pub(crate) fn started(&self, check: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(check).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
