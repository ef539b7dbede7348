//! Something that is loaded while the process runs, such as a local model: how far that has come, and
//! whether it failed.
//!
//! ```
//! use health_core::{HealthBuilder, Outcome};
//! use health_indicators::loading::Loading;
//! # fn load(progress: impl Fn(f64)) -> std::io::Result<()> { progress(0.4); Ok(()) }
//!
//! let model = Loading::new("Embedding model");
//! let health = HealthBuilder::empty()
//!     .check(model.check("embedding_model").startup().readiness())
//!     .build()?;
//!
//! // In a thread or task of its own:
//! let attempt = model.begin();
//! match load(|share| attempt.progress(share)) {
//!     Ok(_loaded) => attempt.loaded(),
//!     Err(error) => attempt.failed(error),
//! }
//! # assert!(model.is_loaded());
//! # Ok::<(), health_core::BuildError>(())
//! ```
//!
//! **Beside what health-core has.** A [`StartupGate`](health_core::StartupGate) keeps startup and
//! readiness closed until it is opened, once and for good, with a text that says how far it is, and
//! [`Health::start_up`](health_core::Health::start_up) tries until that succeeds: that is all that
//! a process needs which loads something before it serves. This is for what may fail for good, hang,
//! be loaded on the first request, or be loaded again. For a job that succeeds from time to time
//! there is [`LastSuccess`](health_core::LastSuccess), for a configuration
//! [`Reload`](health_core::Reload).

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use health_core::{Check, Outcome, Status};
use tokio::time::Instant;

/// Something that is loaded, and how far that is. A cheap clone.
///
/// | public message | when | status |
/// |---|---|---|
/// | `Embedding model not loaded` | nobody has begun | unhealthy, or [as told](Self::with_lazy) healthy |
/// | `Embedding model is loading: 40 %, 12 s` | an attempt is under way | unhealthy |
/// | `Embedding model is loading: 40 %, 95 s, no progress for 60 s` | and has [not got on](Self::with_stalled_after) for so long | unhealthy |
/// | `Embedding model failed to load` | the last attempt failed; the error is private | unhealthy |
/// | none | it is loaded | healthy |
///
/// Measured values: `loaded`, `attempts`; while it loads `loading_seconds` and, once told,
/// `progress_percent`; once it is loaded `load_seconds`.
///
/// What was loaded stays loaded while a further attempt is under way, and if that fails, it is
/// degraded: `Embedding model failed to load again`.
///
/// Nothing is loaded, read or waited for by the check.
#[derive(Clone)]
pub struct Loading {
    name: Cow<'static, str>,
    stalled_after: Option<Duration>,
    lazy: bool,
    state: Arc<Mutex<State>>,
}

impl Loading {
    /// Something of this name, as the messages have it, that nobody has begun to load. The name is
    /// public.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            stalled_after: None,
            lazy: false,
            state: Arc::default(),
        }
    }

    /// After how long without progress an attempt is told as stalled. Default: never.
    ///
    /// [`Attempt::progress`] has to be told another number for that to be progress.
    #[must_use]
    pub fn with_stalled_after(mut self, after: Duration) -> Self {
        self.stalled_after = Some(after);
        self
    }

    /// Whether it is healthy that nobody has begun yet, as it is for what the first request loads.
    /// Default: false.
    #[must_use]
    pub fn with_lazy(mut self, lazy: bool) -> Self {
        self.lazy = lazy;
        self
    }

    /// Begins to load it; any attempt that is under way counts no more.
    ///
    /// An attempt that is dropped without a result, by a panic or by an early return, has failed.
    #[must_use = "dropped, it has failed"]
    pub fn begin(&self) -> Attempt {
        let now = Instant::now();
        let mut state = lock(&self.state);
        state.attempts += 1;
        state.current = Current::Loading {
            since: now,
            progress: None,
            moved: now,
        };
        Attempt {
            number: state.attempts,
            state: Arc::clone(&self.state),
        }
    }

    /// It is not there any more, such as a model that was given up for want of memory.
    pub fn unloaded(&self) {
        let mut state = lock(&self.state);
        // Whatever is under way belongs to what was before.
        state.attempts += 1;
        state.took = None;
        state.current = Current::Idle;
    }

    /// Whether it is loaded; also while it is loaded once more.
    pub fn is_loaded(&self) -> bool {
        lock(&self.state).took.is_some()
    }

    /// How it is, for an annotated check.
    ///
    /// ```
    /// use health_core::{Outcome, State, health_check};
    /// use health_indicators::loading::Loading;
    ///
    /// /// The model that turns texts into vectors is loaded.
    /// #[health_check(kind = "readiness")]
    /// async fn embedding_model(model: State<Loading>) -> Outcome {
    ///     model.look()
    /// }
    /// ```
    pub fn look(&self) -> Outcome {
        let state = lock(&self.state);
        let outcome = self.outcome(&state);
        state.measured(outcome)
    }

    /// A check of this name that does what [`look`](Self::look) does. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(&self, name: impl Into<Cow<'static, str>>) -> Check {
        let loading = self.clone();
        Check::new(name, move || {
            let outcome = loading.look();
            async move { outcome }
        })
    }

    /// A check of this name, for liveness: healthy whether it is loaded or not, and unhealthy only
    /// while an attempt is [stalled](Self::with_stalled_after), which a restart may repair. It
    /// serves no probe until told which.
    #[track_caller]
    pub fn stalled_check(&self, name: impl Into<Cow<'static, str>>) -> Check {
        let loading = self.clone();
        Check::new(name, move || {
            let outcome = loading.stalled_outcome();
            async move { outcome }
        })
    }

    fn stalled_outcome(&self) -> Outcome {
        let state = lock(&self.state);
        let outcome = match state.stalled(self.stalled_after) {
            Some(_) => Outcome::unhealthy(self.loading(&state)),
            None => Outcome::healthy(),
        };
        state.measured(outcome)
    }

    fn outcome(&self, state: &State) -> Outcome {
        let name = &self.name;
        match (&state.current, state.took) {
            (Current::Failed(why), None) => {
                Outcome::unhealthy(format!("{name} failed to load")).with_error(why.clone())
            }
            (Current::Failed(why), Some(_)) => {
                Outcome::degraded(format!("{name} failed to load again")).with_error(why.clone())
            }
            (Current::Loading { .. }, None) => Outcome::unhealthy(self.loading(state)),
            (Current::Idle, None) => {
                let status = match self.lazy {
                    true => Status::Healthy,
                    false => Status::Unhealthy,
                };
                Outcome::new(status).with_message(format!("{name} not loaded"))
            }
            (Current::Loading { .. } | Current::Idle, Some(_)) => Outcome::healthy(),
        }
    }

    /// How far an attempt is.
    fn loading(&self, state: &State) -> String {
        let mut text = format!("{} is loading:", self.name);
        if let Current::Loading {
            since, progress, ..
        } = state.current
        {
            if let Some(progress) = progress {
                text += &format!(" {} %,", percent(progress));
            }
            text += &format!(" {} s", since.elapsed().as_secs());
        }
        if let Some(silent) = state.stalled(self.stalled_after) {
            text += &format!(", no progress for {} s", silent.as_secs());
        }
        text
    }
}

impl fmt::Debug for Loading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading")
            .field("name", &self.name)
            .field("loaded", &self.is_loaded())
            .finish_non_exhaustive()
    }
}

/// An attempt to load something; it ends with its value. Any thread may have it.
#[derive(Debug)]
#[must_use = "dropped, it has failed"]
pub struct Attempt {
    number: u64,
    state: Arc<Mutex<State>>,
}

impl Attempt {
    /// How much of it is loaded, from 0 to 1. What is no number is ignored.
    pub fn progress(&self, share: f64) {
        self.update(|state| {
            let Current::Loading {
                progress, moved, ..
            } = &mut state.current
            else {
                return;
            };
            let share = share.clamp(0.0, 1.0);
            if !share.is_nan() && *progress != Some(share) {
                *progress = Some(share);
                *moved = Instant::now();
            }
        });
    }

    /// It is loaded.
    pub fn loaded(self) {
        self.update(|state| {
            if let Current::Loading { since, .. } = state.current {
                state.took = Some(since.elapsed());
                state.current = Current::Idle;
            }
        });
    }

    /// It could not be loaded, for a reason that is private, as any error.
    pub fn failed(self, error: impl Into<Box<dyn Error + Send + Sync>>) {
        let error = error.into();
        self.fail(&error.to_string());
    }

    fn fail(&self, why: &str) {
        self.update(|state| {
            if let Current::Loading { .. } = state.current {
                state.current = Current::Failed(why.to_owned());
            }
        });
    }

    /// Changes the state, if this is the attempt that counts.
    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = lock(&self.state);
        if state.attempts == self.number {
            change(&mut state);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let why = match thread::panicking() {
            true => "what loads it has panicked",
            false => "what loads it has ended without a result",
        };
        self.fail(why);
    }
}

#[derive(Debug, Default)]
struct State {
    current: Current,
    /// The number of the attempt that counts.
    attempts: u64,
    /// How long the last attempt took that succeeded.
    took: Option<Duration>,
}

#[derive(Debug, Default)]
enum Current {
    #[default]
    Idle,
    Loading {
        since: Instant,
        progress: Option<f64>,
        moved: Instant,
    },
    Failed(String),
}

impl State {
    /// For how long nothing has moved, if that is too long.
    fn stalled(&self, after: Option<Duration>) -> Option<Duration> {
        let Current::Loading { moved, .. } = self.current else {
            return None;
        };
        let silent = moved.elapsed();
        (silent >= after?).then_some(silent)
    }

    fn measured(&self, outcome: Outcome) -> Outcome {
        let mut outcome = outcome
            .with_data("loaded", self.took.is_some())
            .with_data("attempts", self.attempts);
        if let Current::Loading {
            since, progress, ..
        } = self.current
        {
            outcome = outcome.with_data("loading_seconds", since.elapsed().as_secs());
            if let Some(progress) = progress {
                outcome = outcome.with_data("progress_percent", percent(progress));
            }
        }
        match self.took {
            Some(took) => outcome.with_data("load_seconds", took.as_secs_f64()),
            None => outcome,
        }
    }
}

/// Whole ones, and 100 only if that is all.
fn percent(share: f64) -> u32 {
    (share * 100.0 + 1e-9).floor() as u32
}

/// Whoever panics while holding it has changed nothing by halves.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use health_core::{Caller, HealthBuilder, Probe, Value};

    use super::*;

    fn model() -> Loading {
        Loading::new("Embedding model")
    }

    fn told(outcome: &Outcome) -> String {
        let message = outcome.message().unwrap_or_default();
        format!("{}: {message}", outcome.status())
    }

    fn value(outcome: &Outcome, name: &str) -> Option<Value> {
        let mut data = outcome.data();
        data.find(|(found, _)| *found == name)
            .map(|(_, value)| value.clone())
    }

    #[tokio::test(start_paused = true)]
    async fn each_state_is_told() {
        let model = model();
        assert_eq!(told(&model.look()), "unhealthy: Embedding model not loaded");
        let attempt = model.begin();
        tokio::time::advance(Duration::from_millis(3500)).await;
        assert_eq!(
            told(&model.look()),
            "unhealthy: Embedding model is loading: 3 s"
        );
        attempt.progress(0.4);
        tokio::time::advance(Duration::from_millis(8500)).await;
        let loading = model.look();
        assert_eq!(
            told(&loading),
            "unhealthy: Embedding model is loading: 40 %, 12 s"
        );
        assert_eq!(
            value(&loading, "progress_percent"),
            Some(Value::Integer(40))
        );
        attempt.failed("no such file: /models/secret");
        let failed = model.look();
        assert_eq!(told(&failed), "unhealthy: Embedding model failed to load");
        let error = failed.error().map(ToString::to_string);
        assert_eq!(error.as_deref(), Some("no such file: /models/secret"));
        let attempt = model.begin();
        tokio::time::advance(Duration::from_secs(2)).await;
        attempt.loaded();
        let loaded = model.look();
        assert_eq!(told(&loaded), "healthy: ");
        assert_eq!(value(&loaded, "load_seconds"), Some(Value::Float(2.0)));
        assert_eq!(value(&loaded, "attempts"), Some(Value::Integer(2)));
        model.unloaded();
        assert_eq!(told(&model.look()), "unhealthy: Embedding model not loaded");
        assert_eq!(
            told(&model.with_lazy(true).look()),
            "healthy: Embedding model not loaded"
        );
    }

    #[test]
    fn a_loader_that_panics_or_gives_up_has_failed() {
        let model = model();
        let loader = model.clone();
        let panicked = thread::spawn(move || {
            let attempt = loader.begin();
            attempt.progress(0.5);
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        let outcome = model.look();
        assert_eq!(told(&outcome), "unhealthy: Embedding model failed to load");
        let error = outcome.error().map(ToString::to_string);
        assert_eq!(error.as_deref(), Some("what loads it has panicked"));
        drop(model.begin());
        let error = model.look().error().map(ToString::to_string);
        assert_eq!(
            error.as_deref(),
            Some("what loads it has ended without a result")
        );
    }

    #[test]
    fn what_is_loaded_stays_so_while_it_is_loaded_again() {
        let model = model();
        model.begin().loaded();
        let attempt = model.begin();
        assert_eq!(told(&model.look()), "healthy: ");
        attempt.failed("out of memory");
        assert_eq!(
            told(&model.look()),
            "degraded: Embedding model failed to load again"
        );
        assert!(model.is_loaded());
        model.begin().loaded();
        assert_eq!(told(&model.look()), "healthy: ");
    }

    #[test]
    fn only_the_last_attempt_counts() {
        let model = model();
        let first = model.begin();
        let second = model.begin();
        first.progress(0.9);
        first.loaded();
        assert!(!model.is_loaded());
        second.progress(0.1);
        assert_eq!(
            value(&model.look(), "progress_percent"),
            Some(Value::Integer(10))
        );
        second.loaded();
        assert!(model.is_loaded());
        let late = model.begin();
        model.unloaded();
        late.loaded();
        assert!(!model.is_loaded());
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_get_on_is_stalled() {
        let model = model().with_stalled_after(Duration::from_secs(60));
        let attempt = model.begin();
        attempt.progress(0.4);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(told(&model.stalled_outcome()), "healthy: ");
        attempt.progress(0.4);
        attempt.progress(f64::NAN);
        tokio::time::advance(Duration::from_secs(1)).await;
        let stalled = "unhealthy: Embedding model is loading: 40 %, 60 s, no progress for 60 s";
        assert_eq!(told(&model.look()), stalled);
        assert_eq!(told(&model.stalled_outcome()), stalled);
        attempt.progress(0.41);
        assert_eq!(told(&model.stalled_outcome()), "healthy: ");
        attempt.loaded();
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(told(&model.stalled_outcome()), "healthy: ");
    }

    #[tokio::test]
    async fn startup_waits_for_it() {
        let model = model();
        let check = model.check("model").startup().with_cache(Duration::ZERO);
        let health = HealthBuilder::empty().check(check).build().unwrap();
        let status = async || {
            let report = health.probe(Probe::Startup, Caller::nobody()).await;
            report.entries()[0].status()
        };
        let attempt = model.begin();
        assert_eq!(status().await, Status::Unhealthy);
        attempt.loaded();
        assert_eq!(status().await, Status::Healthy);
    }

    #[test]
    fn progress_is_told_in_whole_per_cent() {
        for (share, expected) in [(0.0, 0), (0.29, 29), (0.999, 99), (1.0, 100)] {
            assert_eq!(percent(share), expected);
        }
        let model = model();
        let attempt = model.begin();
        for (share, expected) in [(-1.0, 0), (7.0, 100), (f64::INFINITY, 100)] {
            attempt.progress(share);
            let percent = value(&model.look(), "progress_percent");
            assert_eq!(percent, Some(Value::Integer(expected)));
        }
    }
}
