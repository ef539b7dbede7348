//! What a check that is being polled can ask about its own run. One value of the thread tells all of
//! it, for it is set and taken back around each poll.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::time::Instant;

use crate::probe_path::{ProbePath, Station};

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// Where a run is.
#[derive(Debug)]
pub(crate) struct Here {
    /// By way of which checks it was asked for.
    pub(crate) path: ProbePath,
    pub(crate) station: Arc<Station>,
    /// From when on its result does not count.
    pub(crate) deadline: Instant,
}

/// What is asked of the run that is under way on this thread; none outside of a run.
pub(crate) fn ask<T>(question: impl FnOnce(&Here) -> T) -> Option<T> {
    HERE.with_borrow(|here| here.as_ref().map(question))
}

/// Calls `work`, which is here. What was outside is kept in its place meanwhile, for a clone at
/// each poll could be felt.
pub(crate) fn is_at<R>(here: &mut Option<Here>, work: impl FnOnce() -> R) -> R {
    let _outer = Swapped::new(here);
    work()
}

struct Swapped<'a>(&'a mut Option<Here>);

impl<'a> Swapped<'a> {
    fn new(here: &'a mut Option<Here>) -> Self {
        swap(here);
        Self(here)
    }
}

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        swap(self.0);
    }
}

fn swap(here: &mut Option<Here>) {
    HERE.with_borrow_mut(|outer| std::mem::swap(outer, here));
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use super::*;
    use crate::{probe_path, time_left};

    fn at(path: &str, deadline: Instant) -> Option<Here> {
        Some(Here {
            path: ProbePath::parse(path),
            station: Arc::new(Station::new()),
            deadline,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_told_within_a_run_alone_and_ends_where_the_run_does() {
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut one = at("00000000000000a1", deadline);
        let mut other = at("00000000000000b2", deadline - Duration::from_secs(1));
        let told = || (probe_path().map(|path| path.to_string()), time_left());
        assert_eq!(told(), (None, None));
        is_at(&mut one, || {
            let outer = told();
            assert!(
                outer
                    .0
                    .as_ref()
                    .is_some_and(|path| path.starts_with("00000000000000a1,"))
            );
            assert_eq!(outer.1, Some(Duration::from_secs(2)));
            let panics = AssertUnwindSafe(|| {
                is_at(&mut other, || {
                    assert_eq!(time_left(), Some(Duration::from_secs(1)));
                    assert_ne!(told().0, outer.0);
                    panic!("on purpose")
                })
            });
            assert!(catch_unwind(panics).is_err());
            assert_eq!(told(), outer);
        });
        assert!(one.is_some() && other.is_some());
        assert_eq!(told(), (None, None));
        tokio::time::advance(Duration::from_secs(3)).await;
        is_at(&mut one, || assert_eq!(time_left(), Some(Duration::ZERO)));
    }
}
