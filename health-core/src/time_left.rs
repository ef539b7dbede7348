//! How much time the run that is under way on this thread still has.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

thread_local! {
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How long the check that calls this may still take: until the longest of its timeouts, counted
/// from when it was asked for. None outside of a run, also in a task or thread that a check
/// started.
///
/// A check that takes several steps can so bound each of them, and say itself which one took too
/// long; or pass on to a server until when its answer is of use.
///
/// ```
/// use std::time::Duration;
/// use health_core::{Outcome, time_left};
/// # async fn connect() {}
///
/// async fn broker() -> Outcome {
///     let time = time_left().unwrap_or(Duration::from_secs(1)) / 2;
///     match tokio::time::timeout(time, connect()).await {
///         Ok(()) => Outcome::healthy(),
///         Err(_) => Outcome::unhealthy(format!("not connected within {} ms", time.as_millis())),
///     }
/// }
/// ```
pub fn time_left() -> Option<Duration> {
    let deadline = DEADLINE.get()?;
    Some(deadline.saturating_duration_since(Instant::now()))
}

/// Calls `work`, which has until `deadline`.
pub(crate) fn until<R>(deadline: Instant, work: impl FnOnce() -> R) -> R {
    let _outer = Restored(DEADLINE.replace(Some(deadline)));
    work()
}

struct Restored(Option<Instant>);

impl Drop for Restored {
    fn drop(&mut self) {
        DEADLINE.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_told_within_a_run_alone_and_never_below_nothing() {
        assert_eq!(time_left(), None);
        let deadline = Instant::now() + Duration::from_secs(2);
        until(deadline, || {
            assert_eq!(time_left(), Some(Duration::from_secs(2)));
            until(deadline - Duration::from_secs(1), || {
                assert_eq!(time_left(), Some(Duration::from_secs(1)));
            });
            assert_eq!(time_left(), Some(Duration::from_secs(2)));
        });
        tokio::time::advance(Duration::from_secs(3)).await;
        until(deadline, || assert_eq!(time_left(), Some(Duration::ZERO)));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            until(deadline, || panic!("on purpose"))
        }));
        assert!(panicked.is_err());
        assert_eq!(time_left(), None);
    }
}
