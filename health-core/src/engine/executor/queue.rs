//! What waits to be polled, and what is being polled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::Polled;
use super::task::{Left, Memory, Task};

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// What has never been polled, and since when it waits. It becomes a task where it is polled: most
    /// runs end with their first poll, so that whoever starts them need not touch a task.
    new: VecDeque<(Instant, Polled)>,
    /// What was woken, and when.
    woken: VecDeque<(Instant, Arc<Task>)>,
    /// How many were ever taken: tells whether the queue moves.
    taken: u64,
    /// What is polled just now, and since when.
    polled: Vec<(Instant, Arc<Task>)>,
    /// All tasks that have not ended, each at its key.
    live: Vec<Option<Arc<Task>>>,
    free: Vec<usize>,
}

impl Queue {
    pub(super) fn add(&mut self, now: Instant, future: Polled) {
        self.new.push_back((now, future));
    }

    pub(super) fn add_woken(&mut self, now: Instant, task: Arc<Task>) {
        self.woken.push_back((now, task));
    }

    pub(super) fn len(&self) -> usize {
        self.new.len() + self.woken.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were ever taken.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// Since when the next one waits.
    pub(super) fn next_since(&self) -> Option<Instant> {
        let new = self.new.front().map(|(since, _)| *since);
        let woken = self.woken.front().map(|(since, _)| *since);
        new.into_iter().chain(woken).min()
    }

    /// What is polled just now, and since when.
    pub(super) fn polled(&self) -> &[(Instant, Arc<Task>)] {
        &self.polled
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.live.iter().flatten()
    }

    /// The next task, which is now being polled; a new one is made in `memory`.
    pub(super) fn take(&mut self, memory: &mut Memory) -> Option<Arc<Task>> {
        let next = self.next_since()?;
        let is_woken = self.woken.front().is_some_and(|(since, _)| *since == next);
        let task = if is_woken {
            self.woken.pop_front()?.1
        } else {
            let (_, future) = self.new.pop_front()?;
            let key = self.free.pop().unwrap_or(self.live.len());
            let task = memory.task(future, key);
            let live = Some(Arc::clone(&task));
            match self.live.get_mut(key) {
                Some(free) => *free = live,
                None => self.live.push(live),
            }
            task
        };
        self.taken += 1;
        task.taken();
        self.polled.push((Instant::now(), Arc::clone(&task)));
        Some(task)
    }

    /// A task is polled no more. One that has ended is returned: to be dropped under no lock.
    pub(super) fn put_back(&mut self, task: Arc<Task>, left: Left) -> Option<Arc<Task>> {
        let mut polled = self.polled.iter();
        let index = polled.position(|(_, polled)| Arc::ptr_eq(polled, &task));
        if let Some(index) = index {
            self.polled.swap_remove(index);
        }
        match left {
            Left::Waiting => None,
            Left::Woken => {
                self.add_woken(Instant::now(), task);
                None
            }
            Left::Ended => {
                self.live[task.key] = None;
                self.free.push(task.key);
                Some(task)
            }
        }
    }
}
