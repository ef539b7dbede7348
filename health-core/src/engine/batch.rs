use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};

/// Counts the runs that one waiter waits for, and wakes it once: when the last has settled.
///
/// It starts with a count of one, which the waiter itself gives up when it has joined all its
/// runs; so a run that settles meanwhile cannot be taken for the last.
#[derive(Debug)]
pub(crate) struct Batch {
    remaining: AtomicUsize,
    waiter: Mutex<Option<Waker>>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self {
            remaining: AtomicUsize::new(1),
            waiter: Mutex::new(None),
        }
    }

    /// One more to wait for.
    pub(crate) fn add(&self) {
        self.remaining.fetch_add(1, Ordering::Relaxed);
    }

    /// One less to wait for.
    pub(crate) fn settle(&self) {
        if self.remaining.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let waiter = lock(&self.waiter).take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Waits until nothing remains.
    pub(crate) async fn settled(&self) {
        poll_fn(|cx| {
            if self.is_settled() {
                return Poll::Ready(());
            }
            // Stored before the count is looked at again, so the last settler either sees the
            // waker or is seen.
            *lock(&self.waiter) = Some(cx.waker().clone());
            if self.is_settled() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn is_settled(&self) -> bool {
        self.remaining.load(Ordering::Acquire) == 0
    }
}

/// Those who wait for one run. Mostly that is one alone, for whom nothing is allocated.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    first: Option<Arc<Batch>>,
    more: Vec<Arc<Batch>>,
}

impl Waiters {
    pub(super) fn of(batch: &Arc<Batch>) -> Self {
        Self {
            first: Some(Arc::clone(batch)),
            more: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, batch: Arc<Batch>) {
        if self.first.is_none() {
            self.first = Some(batch);
        } else {
            self.more.push(batch);
        }
    }

    /// One of them waits no more.
    pub(super) fn remove(&mut self, batch: &Arc<Batch>) {
        self.more.retain(|other| !Arc::ptr_eq(other, batch));
        if self
            .first
            .as_ref()
            .is_some_and(|first| Arc::ptr_eq(first, batch))
        {
            self.first = self.more.pop();
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// What they wait for has settled.
    pub(super) fn settle(&self) {
        let all = self.first.iter().chain(&self.more);
        all.for_each(|batch| batch.settle());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Waiters {
        fn len(&self) -> usize {
            usize::from(self.first.is_some()) + self.more.len()
        }

        /// Whether nobody else waits.
        pub(in super::super) fn is(&self, batch: &Arc<Batch>) -> bool {
            self.len() == 1 && self.first.iter().all(|first| Arc::ptr_eq(first, batch))
        }
    }

    #[test]
    fn who_is_removed_is_settled_no_more_whoever_came_first() {
        let batches = [(); 3].map(|()| Arc::new(Batch::new()));
        for gone in 0..3 {
            let mut waiters = Waiters::default();
            assert!(waiters.is_empty());
            for batch in &batches {
                batch.add();
                waiters.add(Arc::clone(batch));
            }
            waiters.remove(&batches[gone]);
            waiters.remove(&batches[gone]);
            assert_eq!(waiters.len(), 2);
            assert!(!waiters.is(&batches[0]));
            waiters.settle();
            batches[gone].settle();
            let remaining = batches
                .each_ref()
                .map(|b| b.remaining.load(Ordering::Relaxed));
            assert_eq!(remaining, [1, 1, 1], "without {gone}");
            batches.iter().for_each(|batch| waiters.remove(batch));
            assert!(waiters.is_empty());
        }
    }
}

#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests {
    use super::*;
    use crate::interleavings::{Bell, explore};
    use crate::sync::atomic::AtomicBool;
    use crate::sync::thread;

    /// A run: its result has to be seen by whoever its settling wakes.
    fn run(batch: &Arc<Batch>) -> Arc<AtomicBool> {
        batch.add();
        let ended = Arc::new(AtomicBool::new(false));
        let (batch, result) = (Arc::clone(batch), Arc::clone(&ended));
        thread::spawn(move || {
            result.store(true, Ordering::Relaxed);
            batch.settle();
        });
        ended
    }

    fn has_ended(run: &Arc<AtomicBool>) -> bool {
        run.load(Ordering::Relaxed)
    }

    #[test]
    fn a_waiter_is_woken_once_when_all_have_settled() {
        explore(3, || {
            let batch = Arc::new(Batch::new());
            let runs = [run(&batch), run(&batch)];
            batch.settle();
            let bell = Arc::<Bell>::default();
            bell.block_on(batch.settled());
            assert!(runs.iter().all(has_ended));
            assert!(bell.rung() <= 1);
        });
    }

    #[test]
    fn it_is_not_settled_while_runs_are_added() {
        explore(3, || {
            let batch = Arc::new(Batch::new());
            let waiter = {
                let batch = Arc::clone(&batch);
                thread::spawn(move || Arc::<Bell>::default().block_on(batch.settled()))
            };
            let added = [run(&batch), run(&batch)];
            batch.settle();
            waiter.join().unwrap();
            assert!(added.iter().all(has_ended));
        });
    }

    #[test]
    fn a_waiter_that_waits_again_is_woken_by_its_last_waker() {
        explore(3, || {
            let batch = Arc::new(Batch::new());
            let runs = [run(&batch), run(&batch)];
            let first = Arc::<Bell>::default();
            let waker = Arc::clone(&first).into();
            let mut cx = std::task::Context::from_waker(&waker);
            // A deadline that passes: the future goes, its waker stays.
            let early = std::pin::pin!(batch.settled()).poll(&mut cx);
            assert_eq!(early, Poll::Pending, "its own count is not given up");
            batch.settle();
            Arc::<Bell>::default().block_on(batch.settled());
            assert!(runs.iter().all(has_ended));
        });
    }
}
