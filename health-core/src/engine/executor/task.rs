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

/// What a poller has of tasks that have ended, for those to come: one that has been polled is in the
/// poller's cache, and where one thread allocates and others give back, they wait for each other.
#[derive(Debug)]
pub(super) struct Memory {
    shared: Arc<Shared>,
    /// Nobody else knows these.
    unused: Vec<Arc<Task>>,
}

impl Memory {
    /// What is more is given back.
    const MOST: usize = 1024;

    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            unused: Vec::new(),
        }
    }

    /// Sees to it that the next task need not be allocated.
    pub(super) fn make_ready(&mut self) {
        if self.unused.is_empty() {
            self.unused.push(Arc::new(Task::unused(&self.shared)));
        }
    }

    /// A task that is about to be polled.
    pub(super) fn task(&mut self, future: Polled, key: usize) -> Arc<Task> {
        let unused = self.unused.pop();
        let mut task = unused.unwrap_or_else(|| Arc::new(Task::unused(&self.shared)));
        match Arc::get_mut(&mut task) {
            Some(unused) => {
                unused.begin(future, key);
                task
            }
            None => {
                let mut other = Task::unused(&self.shared);
                other.begin(future, key);
                Arc::new(other)
            }
        }
    }

    /// Keeps what has ended, unless somebody else knows it still. Nothing of the user's is left in it:
    /// with the last task of a check that is no more goes what the user captured in it.
    pub(super) fn keep(&mut self, mut ended: Arc<Task>) {
        match Arc::get_mut(&mut ended) {
            Some(task) if self.unused.len() < Self::MOST => {
                discard(task.check.take());
                self.unused.push(ended);
            }
            _ => discard(ended),
        }
    }
}

impl Task {
    fn unused(shared: &Arc<Shared>) -> Self {
        Self {
            check: None,
            wakes: Wakes::queued(),
            future: Mutex::new(None),
            shared: Arc::clone(shared),
            key: 0,
        }
    }

    fn begin(&mut self, future: Polled, key: usize) {
        self.check = future.check().cloned();
        self.wakes = Wakes::queued();
        self.future = Mutex::new(Some(future));
        self.key = key;
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
