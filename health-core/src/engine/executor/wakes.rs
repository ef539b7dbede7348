//! When a task has to be queued: on its first wake since it was last polled, and only then.

use crate::sync::atomic::{AtomicU8, Ordering};

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

/// The wakes of one task. Whoever is told that it has to be queued has to queue it.
#[derive(Debug)]
pub(super) struct Wakes(AtomicU8);

impl Wakes {
    /// Of a task that is about to be queued.
    pub(super) fn queued() -> Self {
        Self(AtomicU8::new(QUEUED))
    }

    /// It was taken from the queue. What was done before its wakes is seen from here on.
    pub(super) fn begin_poll(&self) {
        self.0.swap(POLLED, Ordering::AcqRel);
    }

    /// A poll left it waiting. Whether it was woken meanwhile, so has to be queued.
    pub(super) fn rest(&self) -> bool {
        let idle = self
            .0
            .compare_exchange(POLLED, IDLE, Ordering::AcqRel, Ordering::Acquire);
        if idle.is_err() {
            self.0.swap(QUEUED, Ordering::AcqRel);
        }
        idle.is_err()
    }

    /// It is never queued again.
    pub(super) fn end(&self) {
        self.0.store(ENDED, Ordering::Release);
    }

    /// It was woken. Whether it has to be queued.
    pub(super) fn wake(&self) -> bool {
        // Written even where it stays the same: what the waker did before has to be seen by the
        // poll that follows.
        let woken = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
                Some(match state {
                    IDLE => QUEUED,
                    POLLED => WOKEN,
                    same => same,
                })
            });
        woken == Ok(IDLE)
    }
}

#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests {
    use std::sync::Arc;

    use super::*;
    use crate::interleavings::explore;
    use crate::sync::atomic::{AtomicBool, AtomicUsize};
    use crate::sync::thread;

    /// A task, and a queue that orders nothing: what is seen is owed to the wakes alone.
    struct Model {
        wakes: Wakes,
        queued: AtomicUsize,
        said: [AtomicBool; 2],
    }

    impl Model {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                wakes: Wakes::queued(),
                queued: AtomicUsize::new(1),
                said: [AtomicBool::new(false), AtomicBool::new(false)],
            })
        }

        fn enqueue(&self) {
            let queued = self.queued.fetch_add(1, Ordering::Relaxed);
            assert_eq!(queued, 0, "it stands in the queue already");
        }

        /// Says something and wakes the task.
        fn say(self: &Arc<Self>, who: usize) -> thread::JoinHandle<()> {
            let model = Arc::clone(self);
            thread::spawn(move || {
                model.said[who].store(true, Ordering::Relaxed);
                if model.wakes.wake() {
                    model.enqueue();
                }
            })
        }

        /// Takes it from the queue as soon as it is there.
        fn take(&self) {
            while self.queued.load(Ordering::Relaxed) == 0 {
                thread::yield_now();
            }
            self.queued.fetch_sub(1, Ordering::Relaxed);
            self.wakes.begin_poll();
        }

        fn has_heard_all(&self) -> bool {
            self.said.iter().all(|said| said.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn a_wake_is_followed_by_a_poll_that_sees_what_was_done_before_it() {
        explore(2, || {
            let model = Model::new();
            let wakers = [model.say(0), model.say(1)];
            loop {
                model.take();
                if model.has_heard_all() {
                    break;
                }
                if model.wakes.rest() {
                    model.enqueue();
                }
            }
            model.wakes.end();
            for waker in wakers {
                waker.join().unwrap();
            }
            let queued = model.queued.load(Ordering::Relaxed);
            assert_eq!(queued, 0, "it has ended");
        });
    }
}
