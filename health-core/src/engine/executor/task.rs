use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use super::threads::Shared;
use crate::Check;
use crate::engine::run::Polled;
use crate::sync::{discard, guarded, lock};

/// Waits for its waker.
const IDLE: u8 = 0;
/// Stands in the queue.
const QUEUED: u8 = 1;
/// Is being polled.
const POLLED: u8 = 2;
/// Is being polled, and was woken meanwhile.
const WOKEN: u8 = 3;
/// Has ended.
const ENDED: u8 = 4;

/// What the engine's threads poll: a run, or a schedule.
#[derive(Debug)]
pub(super) struct Task {
    check: Option<Arc<Check>>,
    state: AtomicU8,
    future: Mutex<Option<Polled>>,
    shared: Arc<Shared>,
    /// Its place among the live tasks.
    pub(super) key: usize,
}

impl Task {
    /// A task that is about to be queued.
    pub(super) fn queued(future: Polled, shared: Arc<Shared>, key: usize) -> Self {
        Self {
            check: future.check().cloned(),
            state: AtomicU8::new(QUEUED),
            future: Mutex::new(Some(future)),
            shared,
            key,
        }
    }

    /// The check's name.
    pub(super) fn name(&self) -> &str {
        self.check.as_ref().map_or("", |check| check.name())
    }

    /// Polls it once, or drops its work if the engine is shutting down. Whether it has ended.
    pub(super) fn poll(self: &Arc<Self>, shutting_down: bool) -> bool {
        self.state.swap(POLLED, Ordering::AcqRel);
        let mut future = lock(&self.future);
        if !shutting_down && !self.poll_locked(&mut future) {
            drop(future);
            return self.rest();
        }
        discard(future.take());
        self.state.store(ENDED, Ordering::Release);
        true
    }

    fn poll_locked(self: &Arc<Self>, future: &mut Option<Polled>) -> bool {
        let Some(future) = future else {
            return true;
        };
        let waker = Waker::from(Arc::clone(self));
        let mut cx = Context::from_waker(&waker);
        // The run guards what the user wrote; this guards timers while the runtime shuts down.
        guarded(|| Pin::new(future).poll(&mut cx).is_ready()).unwrap_or(true)
    }

    /// After a poll that left it waiting: back to the queue if it was woken meanwhile.
    fn rest(self: &Arc<Self>) -> bool {
        let idle = self
            .state
            .compare_exchange(POLLED, IDLE, Ordering::AcqRel, Ordering::Acquire);
        if idle.is_err() {
            self.state.swap(QUEUED, Ordering::AcqRel);
            self.shared.enqueue(Arc::clone(self));
        }
        false
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Written even where it stays the same: what the waker did before has to be seen by the
        // poll that follows.
        let woken = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
                Some(match state {
                    IDLE => QUEUED,
                    POLLED => WOKEN,
                    same => same,
                })
            });
        if woken == Ok(IDLE) {
            self.shared.enqueue(Arc::clone(self));
        }
    }
}
