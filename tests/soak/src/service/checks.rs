//! Checks that do as they were told.

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use health_actix::{Check, Outcome, Probe};

use super::{Pool, say};
use crate::behaviour::Behaviour;
use crate::catalogue::{Kind, Source, Spec};
use crate::clock::Moment;
use crate::sabotage::Sabotage;

/// One check, as long as the process lives.
pub(crate) struct Actor {
    spec: Spec,
    told: Mutex<Behaviour>,
    failing_runs: AtomicU64,
    running: AtomicUsize,
    runs: AtomicU64,
    pool: Option<Pool>,
    sabotage: Option<Sabotage>,
}

impl Actor {
    pub(crate) fn new(spec: Spec, pool: Option<Pool>, sabotage: Option<Sabotage>) -> Arc<Self> {
        let told = match spec.kind {
            Kind::Startup => Behaviour::Fail,
            _ => Behaviour::Pass,
        };
        Arc::new(Self {
            spec,
            told: Mutex::new(told),
            failing_runs: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            runs: AtomicU64::new(0),
            pool,
            sabotage,
        })
    }

    pub(crate) fn tell(&self, behaviour: Behaviour) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Behaviour::FailRuns(runs) = behaviour {
            self.failing_runs.store(runs, Ordering::SeqCst);
        }
        *told = behaviour;
    }

    pub(crate) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    pub(crate) fn check(self: Arc<Self>) -> Check {
        let Spec { name, source, .. } = self.spec;
        let spec = self.settings();
        let check = match source {
            Source::ToldBlocking => Check::blocking(name, move || self.run_blocking()),
            Source::Told | Source::Dependency(_) => Check::new(name, move || {
                let actor = Arc::clone(&self);
                async move { actor.run().await }
            }),
        };
        said(check, spec)
    }

    /// What is said of it to the library, which sabotage changes.
    fn settings(&self) -> Spec {
        let mut spec = self.spec;
        match self.sabotage {
            Some(Sabotage::Keep) if spec.interval.is_none() && spec.kind != Kind::Startup => {
                spec.cache = 24 * 3600 * crate::clock::SECOND;
            }
            Some(Sabotage::Impatient) => {
                spec.failures = 1;
                spec.successes = 1;
            }
            _ => {}
        }
        spec
    }

    fn begin(&self) -> (Running<'_>, Behaviour) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        if self.running.fetch_add(1, Ordering::SeqCst) > 0 {
            say(format_args!("double {}", self.spec.name));
        }
        let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let told = match (told, self.sabotage) {
            (Behaviour::FailRuns(_), _) if !self.still_fails() => Behaviour::Pass,
            (Behaviour::Fail, Some(Sabotage::Early)) if self.spec.kind == Kind::Startup => {
                Behaviour::Pass
            }
            (Behaviour::Hang | Behaviour::PanicWhenCancelled, Some(Sabotage::Blind)) => {
                Behaviour::Pass
            }
            (told, _) => told,
        };
        (Running(self), told)
    }

    fn still_fails(&self) -> bool {
        let runs = &self.failing_runs;
        let less = |left: u64| left.checked_sub(1);
        runs.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }

    async fn run(self: Arc<Self>) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
        let (_running, told) = self.begin();
        if self.sabotage == Some(Sabotage::Twice) && self.spec.name == "orders" {
            drop(self.begin());
        }
        if self.sabotage == Some(Sabotage::Memory) {
            black_box(Box::leak(vec![1_u8; 16 * 1024].into_boxed_slice()));
        }
        if let Some(pool) = &self.pool {
            pool.ping().await?;
            return Ok(Outcome::healthy());
        }
        match told {
            Behaviour::Delay(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Behaviour::Hang => pending().await,
            Behaviour::PanicWhenCancelled => {
                let _bomb = Bomb;
                pending::<()>().await;
            }
            Behaviour::Block(ms) => thread::sleep(Duration::from_millis(ms)),
            _ => {}
        }
        outcome(told)
    }

    fn run_blocking(&self) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
        let (_running, told) = self.begin();
        if let Behaviour::Block(ms) | Behaviour::Delay(ms) = told {
            thread::sleep(Duration::from_millis(ms));
        }
        outcome(told)
    }
}

fn said(check: Check, spec: Spec) -> Check {
    let time = |moment: Moment| Duration::from_micros(moment);
    let mut check = check
        .serving(match spec.kind {
            Kind::Liveness => Probe::Liveness,
            Kind::Readiness => Probe::Readiness,
            Kind::Startup => Probe::Startup,
        })
        .with_timeout(time(spec.timeout))
        .with_failure_threshold(spec.failures)
        .with_success_threshold(spec.successes)
        .with_critical(spec.critical)
        .with_shared(spec.shared);
    check = match spec.interval {
        Some(interval) => check
            .with_interval(time(interval))
            .with_stale_after(time(spec.stale_after)),
        None => check.with_cache(time(spec.cache)),
    };
    if let Some(after) = spec.degraded_after {
        check = check.with_degraded_after(time(after));
    }
    if let Some(prerequisite) = spec.depends_on {
        check = check.with_depends_on(prerequisite);
    }
    match spec.tag {
        Some(tag) => check.with_tag(tag),
        None => check,
    }
}

fn outcome(told: Behaviour) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
    Ok(match told {
        Behaviour::Fail | Behaviour::FailRuns(_) => return Err("it was told to fail".into()),
        Behaviour::Panic => panic!("it was told to panic"),
        Behaviour::PanicInDrop => return Err(Box::new(Mine(Bomb))),
        Behaviour::PanicInDisplay => return Err(Box::new(Unspeakable)),
        Behaviour::Degraded => Outcome::degraded("it was told to be degraded"),
        Behaviour::Huge => Outcome::healthy()
            .with_message("\u{1}\u{7f}\u{2028}<script>".repeat(20_000))
            .with_data("key \"\u{0}", "x".repeat(100_000)),
        Behaviour::Children => (0..200).fold(Outcome::healthy(), |outcome, number| {
            let name = format!("\"child\" {number}\n{}", "y".repeat(300));
            let child = if number == 77 {
                Outcome::unhealthy("no")
            } else {
                Outcome::healthy()
            };
            outcome.with_child(name, child)
        }),
        Behaviour::Leak => {
            black_box(Box::leak(Box::<str>::from("leaked")));
            Outcome::healthy()
        }
        _ => Outcome::healthy(),
    })
}

struct Running<'a>(&'a Actor);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(thread::panicking(), "it was told to panic when dropped");
    }
}

#[derive(Debug)]
struct Mine(Bomb);

impl fmt::Display for Mine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error that panics when dropped")
    }
}

impl Error for Mine {}

#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it was told to panic when displayed")
    }
}

impl Error for Unspeakable {}
