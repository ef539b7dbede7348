//! Signs of life of what works in the background, where no check can look.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::sample::spell;
use crate::sync::{Mutex, lock};
use crate::{Check, Outcome};

/// The heartbeat of a background thread or task: its check fails when it has been silent for too
/// long.
///
/// It counts as beating from the moment it is made. A cheap clone.
///
/// ```
/// use std::time::Duration;
/// use health_core::{HealthBuilder, Heartbeat};
///
/// let heartbeat = Heartbeat::new(Duration::from_secs(30));
/// let health = HealthBuilder::empty()
///     .check(heartbeat.check("worker").liveness())
///     .build()?;
///
/// // In the worker's loop:
/// heartbeat.beat();
/// # Ok::<(), health_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Heartbeat(Pulse);

impl Heartbeat {
    /// A heartbeat that may be silent for this long.
    pub fn new(longest_silence: Duration) -> Self {
        Self(Pulse::new(longest_silence))
    }

    /// Says that the worker is alive.
    pub fn beat(&self) {
        self.0.renew();
    }

    /// A check of this name that fails with "no heartbeat for 93 s". It serves no probe until told
    /// which.
    ///
    /// A process that was suspended finds its heartbeats too old when it wakes. Before it fails, the
    /// check therefore waits for up to 0.3 s, or three tenths of the limit if that is less, whether
    /// there is another beat, once in each silence: a worker is told as silent only after that much
    /// more, and a timeout of the check must leave room for it.
    #[track_caller]
    pub fn check(&self, name: impl Into<Cow<'static, str>>) -> Check {
        let pulse = self.0.clone();
        let waited = Arc::<Mutex<_>>::default();
        Check::new(name, move || {
            let (pulse, waited) = (pulse.clone(), Arc::clone(&waited));
            async move {
                pulse.renewed(&waited).await;
                pulse.outcome("no heartbeat")
            }
        })
    }
}

/// The last success of a background job: its check fails when that is too long ago.
///
/// The job is given that time for its first success, too. A cheap clone.
///
/// ```
/// use std::time::Duration;
/// use health_core::LastSuccess;
///
/// let nightly = LastSuccess::new(Duration::from_secs(26 * 3600));
/// let check = nightly.check("report").readiness().with_critical(false);
///
/// // Whenever the job has succeeded:
/// nightly.succeeded();
/// # assert_eq!(check.name(), "report");
/// ```
#[derive(Clone, Debug)]
pub struct LastSuccess(Pulse);

impl LastSuccess {
    /// A job that has to succeed at least this often.
    pub fn new(longest: Duration) -> Self {
        Self(Pulse::new(longest))
    }

    /// Says that the job has succeeded.
    pub fn succeeded(&self) {
        self.0.renew();
    }

    /// A check of this name that fails with "no success for 93 s". It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(&self, name: impl Into<Cow<'static, str>>) -> Check {
        self.0.check(name.into(), "no success")
    }
}

#[derive(Clone, Debug)]
struct Pulse {
    longest: Duration,
    last: Arc<Mutex<Instant>>,
}

impl Pulse {
    fn new(longest: Duration) -> Self {
        Self {
            longest,
            last: Arc::new(Mutex::new(Instant::now())),
        }
    }

    fn renew(&self) {
        *lock(&self.last) = Instant::now();
    }

    #[track_caller]
    fn check(&self, name: Cow<'static, str>, silent: &'static str) -> Check {
        let pulse = self.clone();
        Check::new(name, move || {
            let outcome = pulse.outcome(silent);
            async move { outcome }
        })
    }

    /// Waits a little while it is too old; not again for what was waited for in vain, since that
    /// would hold up others each time.
    async fn renewed(&self, waited: &Mutex<Option<Instant>>) {
        const LOOKS: u32 = 6;
        const PAUSE: Duration = Duration::from_millis(50);
        if self.age() > self.longest {
            let last = *lock(&self.last);
            if lock(waited).replace(last) == Some(last) {
                return;
            }
        }
        for _ in 0..LOOKS {
            if self.age() <= self.longest {
                break;
            }
            sleep(PAUSE.min(self.longest / 20)).await;
        }
    }

    fn age(&self) -> Duration {
        lock(&self.last).elapsed()
    }

    fn outcome(&self, silent: &'static str) -> Outcome {
        let age = self.age();
        let outcome = if age > self.longest {
            Outcome::unhealthy(format!("{silent} for {}", spell(age)))
        } else {
            Outcome::healthy()
        };
        outcome.with_data("age_seconds", age.as_secs())
    }
}

/// A reload of the configuration that was asked for has to be applied: its check fails when that
/// takes too long, and is degraded while the last reload failed, for then the old configuration is
/// in force. A cheap clone.
///
/// ```
/// use std::time::Duration;
/// use health_core::Reload;
///
/// let reload = Reload::new(Duration::from_secs(60));
/// let check = reload.check("configuration").readiness();
///
/// reload.requested();
/// reload.applied(); // or .failed("line 7: unknown key")
/// # assert_eq!(check.name(), "configuration");
/// ```
#[derive(Clone, Debug)]
pub struct Reload {
    longest: Duration,
    state: Arc<Mutex<Reloading>>,
}

#[derive(Clone, Debug, Default)]
struct Reloading {
    /// When the one that has not come to its end was asked for.
    since: Option<Instant>,
    /// Why the last that has failed.
    failed: Option<String>,
}

impl Reload {
    /// A reload may take this long.
    pub fn new(longest: Duration) -> Self {
        Self {
            longest,
            state: Arc::default(),
        }
    }

    /// A reload was asked for. Asked for again before it is applied, the time goes on.
    pub fn requested(&self) {
        lock(&self.state).since.get_or_insert_with(Instant::now);
    }

    /// What was asked for is in force.
    pub fn applied(&self) {
        *lock(&self.state) = Reloading::default();
    }

    /// The reload failed; the text is private, as that of any error.
    pub fn failed(&self, why: impl Into<String>) {
        let failed = Some(why.into());
        *lock(&self.state) = Reloading {
            since: None,
            failed,
        };
    }

    /// A check of this name. It serves no probe until told which.
    #[track_caller]
    pub fn check(&self, name: impl Into<Cow<'static, str>>) -> Check {
        let reload = self.clone();
        Check::new(name, move || {
            let outcome = reload.outcome();
            async move { outcome }
        })
    }

    fn outcome(&self) -> Outcome {
        let Reloading { since, failed } = lock(&self.state).clone();
        let waiting = since.map(|since| since.elapsed());
        match (waiting, failed) {
            (Some(waiting), _) if waiting > self.longest => {
                let waiting = spell(waiting);
                Outcome::unhealthy(format!("a reload has not been applied for {waiting}"))
            }
            (_, Some(why)) => Outcome::degraded("the last reload failed").with_error(why),
            (_, None) => Outcome::healthy(),
        }
    }
}

impl Check {
    /// A check that something still runs, as in
    /// `Check::running("consumer", move || !task.is_finished())`. It serves no probe until told
    /// which. The question must not block.
    #[track_caller]
    pub fn running<F>(name: impl Into<Cow<'static, str>>, runs: F) -> Self
    where
        F: Fn() -> bool + Send + Sync + 'static,
    {
        Self::new(name, move || {
            let outcome = if runs() {
                Outcome::healthy()
            } else {
                Outcome::unhealthy("it has ended")
            };
            async move { outcome }
        })
    }

    /// A check that a queue is not deeper than `most`. It serves no probe until told which. The
    /// question must not block.
    #[track_caller]
    pub fn depth<F>(name: impl Into<Cow<'static, str>>, most: usize, depth: F) -> Self
    where
        F: Fn() -> usize + Send + Sync + 'static,
    {
        Self::new(name, move || {
            let depth = depth();
            let outcome = if depth > most {
                Outcome::unhealthy(format!("{depth} are queued, more than {most}"))
            } else {
                Outcome::healthy()
            };
            let outcome = outcome.with_data("depth", depth).with_data("most", most);
            async move { outcome }
        })
    }
}
