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

/// How a poll has left a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It waits for its waker.
    Waiting,
    /// It was woken meanwhile, so has to be queued.
    Woken,
    Ended,
}

impl Task {
    /// A task that is about to be queued.
    pub(super) fn queued(future: Polled, shared: Arc<Shared>) -> Self {
        Self {
            check: future.check().cloned(),
            wakes: Wakes::queued(),
            future: Mutex::new(Some(future)),
            shared,
            key: 0,
        }
    }

    /// The same in the memory of a task that has ended, if nobody else knows that any more.
    #[expect(
        clippy::result_large_err,
        reason = "it is what came in, and moved once"
    )]
    pub(super) fn queued_again(mut spent: Arc<Self>, future: Polled) -> Result<Arc<Self>, Polled> {
        let Some(task) = Arc::get_mut(&mut spent) else {
            return Err(future);
        };
        task.check = future.check().cloned();
        task.wakes = Wakes::queued();
        *lock(&task.future) = Some(future);
        Ok(spent)
    }

    /// Its memory, once it has ended: nothing of the user's is left in it. None if somebody else
    /// knows it still.
    pub(super) fn spent(mut self: Arc<Self>) -> Option<Arc<Self>> {
        let check = Arc::get_mut(&mut self).map(|task| task.check.take());
        if check.is_some() {
            // With the last task of a check that is no more goes what the user captured in it.
            discard(check);
            Some(self)
        } else {
            discard(self);
            None
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

    /// Polls it once, or drops its work if the engine is shutting down.
    pub(super) fn poll(self: &Arc<Self>, shutting_down: bool) -> Left {
        let mut future = lock(&self.future);
        if !shutting_down && !self.poll_locked(&mut future) {
            drop(future);
            return if self.wakes.rest() {
                Left::Woken
            } else {
                Left::Waiting
            };
        }
        discard(future.take());
        self.wakes.end();
        Left::Ended
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
