//! The last verdict on a group, and whether it is still good.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Younger than this, a verdict is used as it is.
const FRESH: Duration = Duration::from_secs(1);

/// Up to this age it is used while a newer one is wanted; and for as long as one is being fetched.
const USABLE: Duration = Duration::from_secs(10);

/// Shared by the requests to one application, or scope, on one worker.
#[derive(Clone, Debug, Default)]
pub(super) struct LastVerdict(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    verdict: Option<Verdict>,
    is_refreshing: bool,
}

#[derive(Clone, Copy, Debug)]
struct Verdict {
    passes: bool,
    at: Instant,
}

/// What a request can go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// This verdict.
    Fresh(bool),
    /// This verdict, but a newer one is wanted.
    Old(bool),
    /// None: it has to wait for one.
    Unknown,
}

impl LastVerdict {
    pub(super) fn look(&self, now: Instant) -> Look {
        let known = self.lock();
        let Some(verdict) = known.verdict else {
            return Look::Unknown;
        };
        let age = now.saturating_duration_since(verdict.at);
        if age < FRESH {
            Look::Fresh(verdict.passes)
        } else if age < USABLE || known.is_refreshing {
            Look::Old(verdict.passes)
        } else {
            Look::Unknown
        }
    }

    pub(super) fn settle(&self, passes: bool, now: Instant) {
        self.lock().verdict = Some(Verdict { passes, at: now });
    }

    /// The right to fetch a newer verdict, unless somebody has it.
    pub(super) fn right_to_refresh(&self) -> Option<RightToRefresh> {
        let mut known = self.lock();
        if known.is_refreshing {
            return None;
        }
        known.is_refreshing = true;
        Some(RightToRefresh(self.clone()))
    }

    /// Without poisoning: no user code runs under this lock.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to fetch a newer verdict; given back when this is dropped, whatever became of it.
#[derive(Debug)]
pub(super) struct RightToRefresh(LastVerdict);

impl Drop for RightToRefresh {
    fn drop(&mut self) {
        self.0.lock().is_refreshing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_fresh_then_old_then_none() {
        let last = LastVerdict::default();
        let start = Instant::now();
        assert_eq!(last.look(start), Look::Unknown);
        for passes in [true, false] {
            last.settle(passes, start);
            let look = |ms| last.look(start + Duration::from_millis(ms));
            assert_eq!(look(999), Look::Fresh(passes));
            assert_eq!(look(1000), Look::Old(passes));
            assert_eq!(look(9999), Look::Old(passes));
            assert_eq!(look(10_000), Look::Unknown);
        }
    }

    #[test]
    fn while_a_newer_one_is_fetched_a_verdict_of_any_age_is_used() {
        let last = LastVerdict::default();
        let start = Instant::now();
        let right = last.right_to_refresh();
        assert_eq!(last.look(start), Look::Unknown);
        last.settle(true, start);
        assert_eq!(last.look(start + 3 * USABLE), Look::Old(true));
        drop(right);
        assert_eq!(last.look(start + 3 * USABLE), Look::Unknown);
    }

    #[test]
    fn one_refreshes_at_a_time_and_none_for_ever() {
        let last = LastVerdict::default();
        let right = last.right_to_refresh();
        assert!(right.is_some());
        assert!(last.right_to_refresh().is_none());
        drop(right);
        assert!(last.right_to_refresh().is_some(), "it was given back");
    }
}
