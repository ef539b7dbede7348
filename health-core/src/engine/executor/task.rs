use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use super::threads::Shared;
use super::wakes::Wakes;
use crate::Check;
use crate::engine::run::Polled;
use crate::engine::why::Named;
use crate::sync::{Mutex, discard, guarded, lock};

/// What the engine's threads poll: a run, or a schedule.
#[derive(Debug)]
pub(super) struct Task {
    check: Option<Arc<Check>>,
    wakes: Wakes,
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
            wakes: Wakes::queued(),
            future: Mutex::new(Some(future)),
            shared,
            key,
        }
    }

    /// The check's name; schedules, which are polled too, hold no thread.
    pub(super) fn name(&self) -> &str {
        self.named().0
    }

    /// The same, and whether not everyone is told of the check.
    pub(super) fn named(&self) -> Named<'_> {
        self.check
            .as_ref()
            .map_or(("a startup attempt", false), |check| check.named())
    }

    /// It was taken from the queue, which is locked: so a shutdown that this poll is not told of
    /// finds it polled, and has it queued again.
    pub(super) fn taken(&self) {
        self.wakes.begin_poll();
    }

    /// Polls it once, or drops its work if the engine is shutting down. Whether it has ended.
    pub(super) fn poll(self: &Arc<Self>, shutting_down: bool) -> bool {
        let mut future = lock(&self.future);
        if !shutting_down && !self.poll_locked(&mut future) {
            drop(future);
            if self.wakes.rest() {
                self.shared.enqueue(Arc::clone(self));
            }
            return false;
        }
        discard(future.take());
        self.wakes.end();
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
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.wakes.wake() {
            self.shared.enqueue(Arc::clone(self));
        }
    }
}
