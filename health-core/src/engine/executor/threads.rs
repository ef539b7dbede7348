//! The engine's own threads.
//!
//! The reactor drives I/O and timers for the checks and never polls one, so that a connection
//! which a check opened and handed back to the application's pool keeps working whatever the
//! checks do. Pollers take runs from one queue. The watcher looks at that queue while it is not
//! empty: if nobody takes from it, the pollers are held, and it starts more of them.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Wake;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use super::task::Task;
use super::{Job, start_on};
use crate::engine::run::RunFuture;
use crate::sync::lock;

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many pollers may be idle; further ones end.
    idle: usize,
    /// How many pollers there may be, held ones included.
    pollers: usize,
    /// How long nobody may take from the queue before more pollers are started.
    patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: 2,
            pollers: 64,
            patience: Duration::from_millis(5),
        }
    }
}

/// The owner's side: dropped, it ends all threads and drops all work.
#[derive(Debug)]
pub(super) struct Threads {
    shared: Arc<Shared>,
    /// The reactor runs until this is dropped.
    _reactor: oneshot::Sender<()>,
}

#[derive(Debug)]
pub(super) struct Shared {
    reactor: Handle,
    limits: Limits,
    queue: Mutex<Queue>,
    /// Tells idle pollers of work.
    work: Condvar,
    /// Tells the watcher of work that no idle poller will take.
    backlog: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    tasks: VecDeque<Arc<Task>>,
    /// How many tasks were ever taken: tells the watcher whether the queue moves.
    taken: u64,
    pollers: usize,
    idle: usize,
    /// What the pollers poll just now.
    polled: Vec<Arc<Task>>,
    live: Vec<Option<Weak<Task>>>,
    free: Vec<usize>,
    /// Whether the watcher waits for a backlog.
    unwatched: bool,
    shutting_down: bool,
}

impl Threads {
    pub(super) fn start_all(limits: Limits) -> io::Result<Self> {
        let (reactor, handle) = Reactor::new()?;
        let shared = Arc::new(Shared {
            reactor: handle,
            limits,
            queue: Mutex::default(),
            work: Condvar::new(),
            backlog: Condvar::new(),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        spawn("health-reactor", move || reactor.run_until(stopped))?;
        let watched = Arc::clone(&shared);
        spawn("health-watcher", move || watched.watch())?;
        shared.start_poller(&mut lock(&shared.queue))?;
        Ok(Self {
            shared,
            _reactor: stop,
        })
    }

    pub(super) fn start(&self, jobs: Vec<Job>) {
        let mut futures = Vec::with_capacity(jobs.len());
        for job in jobs {
            match job {
                Job::Poll(future) => futures.push(future),
                call @ Job::Call(_) => start_on(&self.shared.reactor, call),
            }
        }
        self.shared.start(futures);
    }

    /// Names the checks that hold the threads, if all that there may be are held.
    pub(super) fn why_starved(&self) -> Option<String> {
        let queue = lock(&self.shared.queue);
        if queue.polled.len() < self.shared.limits.pollers {
            return None;
        }
        let mut holders: Vec<_> = queue
            .polled
            .iter()
            .map(|t| format!("`{}`", t.name()))
            .collect();
        holders.sort_unstable();
        holders.dedup();
        let more = holders.len().saturating_sub(3);
        holders.truncate(3);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        Some(format!(
            "all {} check threads are held by {}{more}",
            self.shared.limits.pollers,
            holders.join(", "),
        ))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.shut_down();
    }
}

impl Shared {
    /// Queues all at once, so that the pollers are woken once.
    fn start(self: &Arc<Self>, futures: Vec<RunFuture>) {
        let mut queue = lock(&self.queue);
        for future in futures {
            let key = queue.free.pop().unwrap_or(queue.live.len());
            let task = Arc::new(Task::queued(future, Arc::clone(self), key));
            let live = Some(Arc::downgrade(&task));
            match queue.live.get_mut(key) {
                Some(free) => *free = live,
                None => queue.live.push(live),
            }
            queue.tasks.push_back(task);
        }
        self.tell(queue);
    }

    pub(super) fn enqueue(self: &Arc<Self>, task: Arc<Task>) {
        let mut queue = lock(&self.queue);
        queue.tasks.push_back(task);
        self.tell(queue);
    }

    /// Sees to it that what was queued is taken.
    fn tell(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>) {
        let waiting = queue.tasks.len();
        // Held pollers must not keep the work of others from being dropped at the end.
        let few = queue.pollers < self.limits.idle || (queue.shutting_down && waiting == 1);
        if queue.idle == 0 && few {
            // Should it fail, the watcher tries again.
            let _ = self.start_poller(&mut queue);
        }
        let idle = queue.idle.min(waiting);
        let unwatched = waiting > queue.idle && std::mem::take(&mut queue.unwatched);
        drop(queue);
        for _ in 0..idle {
            self.work.notify_one();
        }
        if unwatched {
            self.backlog.notify_one();
        }
    }

    fn start_poller(self: &Arc<Self>, queue: &mut Queue) -> io::Result<()> {
        let shared = Arc::clone(self);
        spawn("health-poller", move || shared.poll())?;
        queue.pollers += 1;
        Ok(())
    }

    /// The life of a poller.
    fn poll(self: Arc<Self>) {
        let mut queue = lock(&self.queue);
        loop {
            if let Some(task) = queue.tasks.pop_front() {
                queue = self.poll_one(queue, &task);
            } else if queue.shutting_down || queue.idle >= self.limits.idle {
                queue.pollers -= 1;
                return;
            } else {
                queue.idle += 1;
                queue = self
                    .work
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
            }
        }
    }

    fn poll_one<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        task: &Arc<Task>,
    ) -> MutexGuard<'a, Queue> {
        queue.taken += 1;
        queue.polled.push(Arc::clone(task));
        let shutting_down = queue.shutting_down;
        drop(queue);

        let ended = {
            let _context = self.reactor.enter();
            task.poll(shutting_down)
        };

        let mut queue = lock(&self.queue);
        queue.polled.retain(|t| !Arc::ptr_eq(t, task));
        if ended {
            queue.live[task.key] = None;
            queue.free.push(task.key);
        }
        queue
    }

    /// The life of the watcher.
    fn watch(self: Arc<Self>) {
        let mut queue = lock(&self.queue);
        while !queue.shutting_down {
            if queue.tasks.is_empty() {
                queue.unwatched = true;
                queue = self
                    .backlog
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let taken = queue.taken;
            drop(queue);
            thread::sleep(self.limits.patience);
            queue = lock(&self.queue);
            if queue.taken == taken {
                self.relieve(&mut queue);
            }
        }
    }

    /// Nobody takes from the queue: doubles the pollers, as far as there is work and room.
    fn relieve(self: &Arc<Self>, queue: &mut Queue) {
        let room = self.limits.pollers.saturating_sub(queue.pollers);
        let more = queue.tasks.len().min(queue.pollers.max(1)).min(room);
        for _ in 0..more {
            if let Err(error) = self.start_poller(queue) {
                tracing::warn!(target: "health", %error, "cannot start a further check thread");
                return;
            }
        }
    }

    /// Has everything that is not being polled dropped by the pollers, who then end.
    fn shut_down(self: &Arc<Self>) {
        let tasks: Vec<_> = {
            let mut queue = lock(&self.queue);
            queue.shutting_down = true;
            queue
                .live
                .iter()
                .flatten()
                .filter_map(Weak::upgrade)
                .collect()
        };
        self.work.notify_all();
        self.backlog.notify_all();
        for task in tasks {
            task.wake_by_ref();
        }
    }
}

/// The runtime whose thread drives I/O and timers.
#[derive(Debug)]
struct Reactor(Option<Runtime>);

impl Reactor {
    fn new() -> io::Result<(Self, Handle)> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("health-blocking")
            .build()?;
        let handle = runtime.handle().clone();
        Ok((Self(Some(runtime)), handle))
    }

    fn run_until(self, stopped: oneshot::Receiver<()>) {
        if let Some(runtime) = &self.0 {
            let _ = runtime.block_on(stopped);
        }
    }
}

impl Drop for Reactor {
    /// Never waits, so it may also happen inside another runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Instant, SystemTime};

    use super::*;
    use crate::bind::Work;
    use crate::engine::batch::Batch;
    use crate::engine::flight::{Answer, Instance};
    use crate::engine::run::Run;
    use crate::sample::Asked;
    use crate::{Check, Outcome};

    const FEW: Limits = Limits {
        idle: 1,
        pollers: 2,
        patience: Duration::from_millis(1),
    };

    fn job(name: &'static str, work: Work) -> Job {
        let instance = Arc::new(Instance::new(
            Arc::new(Check::new(name, async || ())),
            Vec::new(),
        ));
        let asked = Asked {
            instant: tokio::time::Instant::now(),
            at: SystemTime::UNIX_EPOCH,
        };
        let Answer::Start(run) =
            instance.ask(asked, Duration::ZERO, &Arc::new(Batch::new()), &|| None)
        else {
            panic!("nothing was known");
        };
        Job::new(Run::new(instance, run, asked), work)
    }

    fn holder(name: &'static str, release: mpsc::Receiver<()>) -> Job {
        let work = async move {
            let _ = release.recv();
            Outcome::healthy()
        };
        job(name, Work::future(work))
    }

    fn until(what: &str, done: impl Fn() -> bool) {
        let start = Instant::now();
        while !done() {
            assert!(start.elapsed() < Duration::from_secs(10), "never {what}");
            thread::yield_now();
        }
    }

    #[test]
    fn held_pollers_are_replaced_up_to_the_cap_and_then_named() {
        let threads = Threads::start_all(FEW).unwrap();
        let (release_a, a) = mpsc::channel();
        let (release_b, b) = mpsc::channel();
        threads.start(vec![holder("b", b)]);
        until("held", || lock(&threads.shared.queue).polled.len() == 1);
        assert_eq!(
            threads.why_starved(),
            None,
            "there is room for another poller"
        );
        threads.start(vec![holder("a", a)]);
        until("replaced", || threads.why_starved().is_some());
        assert_eq!(
            threads.why_starved().as_deref(),
            Some("all 2 check threads are held by `a`, `b`")
        );
        drop((release_a, release_b));
        until("released", || threads.why_starved().is_none());
        until("alone", || lock(&threads.shared.queue).pollers == 1);
    }

    #[test]
    fn a_task_that_wakes_itself_while_polled_is_polled_again() {
        let threads = Threads::start_all(FEW).unwrap();
        let (done, ended) = mpsc::channel();
        let work = async move {
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
            let _ = done.send(());
            Outcome::healthy()
        };
        threads.start(vec![job("yielding", Work::future(work))]);
        assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok(()));
        until("forgotten", || {
            lock(&threads.shared.queue).live.iter().all(Option::is_none)
        });
    }
}
