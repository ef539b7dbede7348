//! Where runs happen: on threads of the engine's own, or on a runtime that was handed in.

mod task;
mod threads;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tokio::runtime::Handle;
use tokio::time::Instant;

use self::threads::Threads;
use super::run::Job;
use crate::sample::Asked;
use crate::sync::lock;

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
}

impl Executor {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self {
            place: runtime.place,
            clock: runtime.clock,
            threads: Mutex::new(None),
        }
    }

    /// The present, by both clocks.
    pub(crate) fn now(&self) -> Asked {
        let instant = Instant::now();
        let at = match self.clock {
            Clock::System => SystemTime::now(),
            Clock::Anchored(anchor) => anchor.at + instant.duration_since(anchor.instant),
        };
        Asked { instant, at }
    }

    /// Starts jobs. Where no thread can be had for them, their runs end at once, saying so.
    pub(crate) fn start(&self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        match &self.place {
            Place::Handle(handle) => jobs.into_iter().for_each(|job| start_on(handle, job)),
            Place::Threads => match self.threads() {
                Ok(threads) => threads.start(jobs),
                Err(error) => {
                    let message = format!("the check threads cannot be started: {error}");
                    jobs.into_iter().for_each(|job| job.fail(message.clone()));
                }
            },
        }
    }

    /// Why a check gets nowhere, if all threads are held by others.
    pub(crate) fn why_starved(&self, check: &str) -> Option<String> {
        lock(&self.threads).as_ref()?.why_starved(check)
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

fn start_on(handle: &Handle, job: Job) {
    match job {
        Job::Poll(future) => drop(handle.spawn(future)),
        Job::Call(call) => drop(handle.spawn_blocking(|| call.call())),
    }
}
