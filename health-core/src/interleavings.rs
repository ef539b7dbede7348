//! Explores how threads may interleave: what stands in for the standard library's primitives, and
//! what the models have in common.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard, atomic};

use crate::sync::lock;

pub(crate) mod thread {
    pub(crate) use std::thread::Result;
    use std::time::Duration;

    pub(crate) use loom::thread::*;

    /// Lets others go first.
    pub(crate) fn sleep(_: Duration) {
        yield_now();
    }
}

/// Runs a model in each order of its threads' steps that takes a running thread from its place
/// at most so often.
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.max_branches = 20_000;
    builder.check(model);
}

/// Rings when something has happened often enough.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<usize>,
    changed: Condvar,
}

impl Bell {
    pub(crate) fn ring(&self) {
        *lock(&self.rung) += 1;
        self.changed.notify_all();
    }

    pub(crate) fn rung(&self) -> usize {
        *lock(&self.rung)
    }

    /// Waits until it has rung so often. If it never does, the model fails: all threads wait.
    pub(crate) fn wait(&self, times: usize) {
        let mut rung = lock(&self.rung);
        while *rung < times {
            rung = self.changed.wait(rung).unwrap();
        }
    }

    /// Polls a future until it is ready, but only when it is woken.
    pub(crate) fn block_on<T>(self: &Arc<Self>, future: impl Future<Output = T>) -> T {
        let waker = Arc::clone(self).into();
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        let mut polls = 0;
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
                return value;
            }
            polls += 1;
            self.wait(polls);
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}
