use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use crate::sync::lock;

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
