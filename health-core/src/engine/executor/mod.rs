//! Where runs happen: on threads of the engine's own, or on a runtime that was handed in.

mod limit;
mod pulse;
mod queue;
mod reactor;
mod task;
mod threads;
mod wakes;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::limit::Limit;
pub(crate) use self::limit::Permit;
use self::threads::Threads;
use super::run::{Job, Polled};
use super::why::Why;
use crate::measurements::EngineThreads;
use crate::sample::Asked;
use crate::sync::{Mutex, lock};

/// Where checks run and what time it is: the one seam between the engine and the world.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), health_core::BuildError> {
/// use std::time::Duration;
/// use health_core::{Caller, Check, HealthBuilder, Probe, Runtime};
///
/// // In a test: the test's runtime, and its clock, which may be paused.
/// let slow = Check::new("slow", || tokio::time::sleep(Duration::from_secs(60)));
/// let health = HealthBuilder::empty()
///     .runtime(Runtime::current())
///     .check(slow.readiness())
///     .build()?;
/// let report = health.probe(Probe::Readiness, Caller::nobody()).await;
/// assert_eq!(report.entries()[0].message(), Some("Timeout after 800ms"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Runtime {
    place: Place,
    clock: Clock,
}

#[derive(Clone, Debug)]
enum Place {
    Threads,
    Handle(Handle),
}

impl Runtime {
    /// The default: threads of the engine's own, started when the first check runs, and the
    /// system's clocks.
    ///
    /// One thread drives I/O and timers and never polls a check; others poll the checks, and one
    /// that a check holds is replaced. Functions that block get threads of their own.
    pub const fn threads() -> Self {
        Self {
            place: Place::Threads,
            clock: Clock::System,
        }
    }

    /// The tokio runtime that this is called in, and its clock; for tests, where it may be
    /// paused. The wall clock starts at the present and moves with the runtime's.
    ///
    /// A check that blocks its thread then blocks the runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[track_caller]
    pub fn current() -> Self {
        Self {
            place: Place::Handle(Handle::current()),
            clock: Clock::Anchored(Asked {
                instant: Instant::now(),
                at: SystemTime::now(),
            }),
        }
    }

    /// Sets the wall clock; it moves on with the runtime's clock.
    #[must_use]
    pub fn with_wall_clock(mut self, now: SystemTime) -> Self {
        self.clock = Clock::Anchored(Asked {
            instant: Instant::now(),
            at: now,
        });
        self
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self::threads()
    }
}

#[derive(Clone, Copy, Debug)]
enum Clock {
    System,
    Anchored(Asked),
}

/// Runs jobs.
#[derive(Debug)]
pub(crate) struct Executor {
    place: Place,
    clock: Clock,
    threads: Mutex<Option<Arc<Threads>>>,
    /// What runs on a runtime that was handed in; dropped, it is aborted.
    tasks: Mutex<Vec<AbortHandle>>,
    limit: Option<Limit>,
}

impl Executor {
    /// At most `limit` runs are under way at once.
    pub(crate) fn new(runtime: Runtime, limit: Option<usize>) -> Self {
        Self {
            place: runtime.place,
            clock: runtime.clock,
            threads: Mutex::new(None),
            tasks: Mutex::default(),
            limit: limit.map(Limit::new),
        }
    }

    /// The present, by both clocks.
    pub(crate) fn now(&self) -> Asked {
        let instant = Instant::now();
        let at = match self.clock {
            Clock::System => SystemTime::now(),
            Clock::Anchored(anchor) => anchor.until(instant).at,
        };
        Asked { instant, at }
    }

    /// The runtime that was handed in.
    pub(crate) const fn handle(&self) -> Option<&Handle> {
        match &self.place {
            Place::Handle(handle) => Some(handle),
            Place::Threads => None,
        }
    }

    /// Starts jobs as soon as the limit allows. Where no thread can be had for them, their runs
    /// end at once, saying so.
    pub(crate) fn start(self: &Arc<Self>, jobs: Vec<Job>) {
        match &self.limit {
            Some(limit) => {
                limit.queue(jobs);
                limit.admit(self);
            }
            None => self.begin(jobs),
        }
    }

    fn begin(&self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        for job in jobs.iter().filter(|job| matches!(job, Job::Call(_))) {
            // Without a thread for it, nor is there one for the job, which says so.
            let _ = self.plan(job.watch());
        }
        match &self.place {
            Place::Handle(handle) => {
                for job in jobs {
                    let task = match job {
                        Job::Poll(future) => handle.spawn(future).abort_handle(),
                        Job::Call(call) => handle.spawn_blocking(|| call.call()).abort_handle(),
                    };
                    self.keep(task);
                }
            }
            Place::Threads => match self.threads() {
                Ok(threads) => threads.start(jobs),
                Err(error) => {
                    let message = format!("the check threads cannot be started: {error}");
                    jobs.into_iter().for_each(|job| job.fail(message.clone()));
                }
            },
        }
    }

    /// Polls what is no run, until it ends or the engine is dropped.
    pub(crate) fn plan(&self, plan: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        match &self.place {
            Place::Handle(handle) => self.keep(handle.spawn(plan).abort_handle()),
            Place::Threads => self.threads()?.poll(Polled::Plan(Box::pin(plan))),
        }
        Ok(())
    }

    /// Takes note of a task, to abort it with the rest. No lock is held while it is spawned: a
    /// runtime that has ended drops it then and there.
    fn keep(&self, task: AbortHandle) {
        let mut tasks = lock(&self.tasks);
        if tasks.len() == tasks.capacity() {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.push(task);
    }

    /// Why a check gets nowhere: it waits for its turn, or all threads are held by others.
    pub(crate) fn why_starved(&self, check: &str) -> Option<Why> {
        let waits = self
            .limit
            .as_ref()
            .and_then(|limit| limit.why_waiting(check));
        waits.or_else(|| lock(&self.threads).as_ref()?.why_starved(check))
    }

    /// Whether a poll of a check has taken too long, and has not returned.
    pub(crate) fn is_held_by(&self, check: &str) -> bool {
        lock(&self.threads)
            .as_ref()
            .is_some_and(|threads| threads.is_polling(check))
    }

    /// What the threads do just now; none do anything before the first has started.
    pub(crate) fn threads_now(&self) -> EngineThreads {
        let threads = lock(&self.threads);
        let now = threads.as_ref().map(|threads| threads.now());
        now.unwrap_or_default()
    }

    fn threads(&self) -> io::Result<Arc<Threads>> {
        let mut threads = lock(&self.threads);
        if let Some(threads) = &*threads {
            return Ok(Arc::clone(threads));
        }
        let started = Arc::new(Threads::start_all(threads::Limits::default())?);
        *threads = Some(Arc::clone(&started));
        Ok(started)
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.iter().for_each(AbortHandle::abort);
    }
}
