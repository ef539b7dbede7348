mod said;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::bind::{BindFn, Binder, Work};
use crate::context::Requirement;
use crate::descriptor::Descriptor;
use crate::settings::Settings;
use crate::sync::{discard, guarded};
use crate::{IntoOutcome, Location, Probe, Visibility};

/// One registered check: an annotated function, or one made at run time.
///
/// ```
/// use std::time::Duration;
/// use health_core::{Check, Health, HealthBuilder};
///
/// let queue = Check::new("queue", async || true)
///     .readiness()
///     .with_timeout(Duration::from_millis(200))
///     .with_description("The queue accepts messages.");
/// let health = HealthBuilder::empty().check(queue).build()?;
/// assert_eq!(health.checks().len(), 1);
/// # Ok::<(), health_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Check {
    pub(crate) name: Cow<'static, str>,
    given_name: Cow<'static, str>,
    identity: Cow<'static, str>,
    pub(crate) settings: Settings,
    tags: Vec<Cow<'static, str>>,
    external: bool,
    pub(crate) asks_health: bool,
    liveness_reason: Cow<'static, str>,
    pub(crate) depends_on: Vec<Cow<'static, str>>,
    description: Cow<'static, str>,
    location: Location,
    pub(crate) body: Body,
}

#[derive(Clone)]
pub(crate) enum Body {
    Annotated(BindFn),
    Built(Arc<Maker>),
}

/// What makes the work of a check made at run time. What it captures may panic when it is dropped,
/// wherever the last who knows the check happens to be.
pub(crate) struct Maker(Option<Box<dyn Fn() -> Work + Send + Sync>>);

impl Maker {
    fn make(&self) -> Option<Work> {
        self.0.as_ref().map(|make| make())
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

impl Check {
    /// The time that a run may take where nothing else is said: kubelet itself waits 1 s.
    pub const DEFAULT_TIMEOUT: Duration = Settings::TIMEOUT;

    /// How long a result is kept for readiness and startup where nothing else is said.
    pub const DEFAULT_CACHE: Duration = Settings::CACHE;

    /// A check that waits. It serves no probe until told which.
    ///
    /// The name may have letters, digits, `_`, `-` and `.`.
    #[track_caller]
    pub fn new<F, Fut>(name: impl Into<Cow<'static, str>>, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoOutcome> + Send + 'static,
    {
        let check = Arc::new(check);
        Self::built(
            name.into(),
            Box::new(move || {
                // Called when first polled: whoever asks must not run any of it.
                let check = Arc::clone(&check);
                Work::future(async move { check().await })
            }),
        )
    }

    /// A check that blocks its thread; it gets one of its own. It serves no probe until told
    /// which.
    ///
    /// A run that takes longer than the timeout is reported, but cannot be stopped; until it
    /// has ended, no second one is started.
    #[track_caller]
    pub fn blocking<F, R>(name: impl Into<Cow<'static, str>>, check: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: IntoOutcome,
    {
        let check = Arc::new(check);
        Self::built(
            name.into(),
            Box::new(move || {
                let check = Arc::clone(&check);
                Work::blocking(move || check())
            }),
        )
    }

    #[track_caller]
    fn built(name: Cow<'static, str>, work: Box<dyn Fn() -> Work + Send + Sync>) -> Self {
        Self {
            identity: name.clone(),
            given_name: name.clone(),
            name,
            settings: Settings::new(),
            tags: Vec::new(),
            external: false,
            asks_health: false,
            liveness_reason: Cow::Borrowed(""),
            depends_on: Vec::new(),
            description: Cow::Borrowed(""),
            location: Location::caller(),
            body: Body::Built(Arc::new(Maker(Some(work)))),
        }
    }

    pub(crate) fn annotated(descriptor: &Descriptor) -> Self {
        let source = descriptor.source;
        let owned = |names: &[&'static str]| names.iter().copied().map(Cow::Borrowed).collect();
        Self {
            name: Cow::Borrowed(descriptor.name),
            given_name: Cow::Borrowed(descriptor.name),
            identity: format!("{}::{}", source.module, source.function).into(),
            settings: descriptor.settings,
            tags: owned(descriptor.tags),
            external: false,
            asks_health: false,
            liveness_reason: Cow::Borrowed(descriptor.liveness_reason),
            depends_on: owned(descriptor.depends_on),
            description: Cow::Borrowed(source.description),
            location: source.location(),
            body: Body::Annotated(descriptor.bind),
        }
    }

    /// Gives it another name: a ready-made check is called after what it asks, and there may be two
    /// of that.
    ///
    /// ```
    /// use health_core::Check;
    ///
    /// let check = Check::new("postgres", async || true).with_name("orders");
    /// assert_eq!(check.name(), "orders");
    /// ```
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        if matches!(self.body, Body::Built(_)) {
            self.identity = name.clone();
        }
        self.given_name = name.clone();
        self.name = name;
        self
    }

    /// Serves liveness, besides what it serves already.
    #[must_use]
    pub fn liveness(self) -> Self {
        self.serving(Probe::Liveness)
    }

    /// Serves readiness, besides what it serves already.
    #[must_use]
    pub fn readiness(self) -> Self {
        self.serving(Probe::Readiness)
    }

    /// Serves startup, besides what it serves already.
    #[must_use]
    pub fn startup(self) -> Self {
        self.serving(Probe::Startup)
    }

    /// Serves `probe`, besides what it serves already.
    #[must_use]
    pub fn serving(mut self, probe: Probe) -> Self {
        self.settings.probes = self.settings.probes.with(probe);
        self
    }

    /// How long a run may take. Default: [`Check::DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long `probe` waits for a run. Default: the check's timeout. A run goes on until the
    /// longest of its timeouts; a probe that gives up sooner counts no failing run.
    #[must_use]
    pub fn with_timeout_for(mut self, probe: Probe, timeout: Duration) -> Self {
        self.settings.own[probe as usize].timeout = Some(timeout);
        self
    }

    /// When a run that has timed out is cancelled. Default: at once. A dropped query closes its
    /// connection; given more time, it may end by itself. Its result does not count any more.
    #[must_use]
    pub fn with_cancel_after(mut self, after: Duration) -> Self {
        self.settings.cancel_after = Some(after);
        self
    }

    /// Above which a run that passes is degraded. Default: never.
    #[must_use]
    pub fn with_degraded_after(mut self, after: Duration) -> Self {
        self.settings.degraded_after = Some(after);
        self
    }

    /// How long a result is kept, counted from its run's start. Default: 1 s for readiness and
    /// startup, nothing for liveness; for a check with an interval, until it is stale.
    #[must_use]
    pub fn with_cache(mut self, cache: Duration) -> Self {
        self.settings.cache = Some(cache);
        self
    }

    /// How long the result of a run that failed is kept. Default: as long as any other.
    #[must_use]
    pub fn with_cache_failure(mut self, cache: Duration) -> Self {
        self.settings.cache_failure = Some(cache);
        self
    }

    /// Runs it by itself at this interval, counted from start to start; probes are answered with
    /// the last result. Default: only probes run it.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.settings.interval = Some(interval);
        self
    }

    /// How long after the start of the engine the schedule begins. Default: at once.
    #[must_use]
    pub fn with_initial_delay(mut self, delay: Duration) -> Self {
        self.settings.initial_delay = Some(delay);
        self
    }

    /// The interval after a run that failed. Default: the interval.
    #[must_use]
    pub fn with_down_interval(mut self, interval: Duration) -> Self {
        self.settings.down_interval = Some(interval);
        self
    }

    /// Whether each interval is up to 10 % shorter or longer, so that replicas do not run in
    /// step. Default: true.
    #[must_use]
    pub fn with_jitter(mut self, jitter: bool) -> Self {
        self.settings.jitter = Some(jitter);
        self
    }

    /// The age from which a result of the schedule is unhealthy; at least the longer of its
    /// intervals, 10 % more, and the timeout. Default: three times the longer of its intervals, and
    /// the timeout.
    #[must_use]
    pub fn with_stale_after(mut self, after: Duration) -> Self {
        self.settings.stale_after = Some(after);
        self
    }

    /// How many runs in a row have to fail before the check does. Default: 1.
    #[must_use]
    pub fn with_failure_threshold(mut self, runs: u32) -> Self {
        self.settings.failure_threshold = runs;
        self
    }

    /// How many runs in a row have to pass before the check does again. Default: 1.
    #[must_use]
    pub fn with_success_threshold(mut self, runs: u32) -> Self {
        self.settings.success_threshold = runs;
        self
    }

    /// Whether its failure fails the probe (the default), or only degrades it.
    #[must_use]
    pub fn with_critical(mut self, critical: bool) -> Self {
        self.settings.critical = critical;
        self
    }

    /// Whether its failure fails `probe`. Default: as for the others.
    #[must_use]
    pub fn with_critical_for(mut self, probe: Probe, critical: bool) -> Self {
        self.settings.own[probe as usize].critical = Some(critical);
        self
    }

    /// Says that all replicas share what it checks, so that its outage would take all of them out
    /// of service at once. It has to pass before the first readiness; afterwards its failure only
    /// degrades readiness. Default: not shared.
    #[must_use]
    pub fn with_shared(mut self, shared: bool) -> Self {
        self.settings.shared = shared;
        self
    }

    /// How long a shared check may fail before it fails readiness after all. Default: for ever.
    #[must_use]
    pub fn with_fail_closed_after(mut self, after: Duration) -> Self {
        self.settings.fail_closed_after = Some(after);
        self
    }

    /// Who is told that there is such a check, and how it is doing. Default:
    /// [`Visibility::Summary`].
    #[must_use]
    pub fn with_visibility(mut self, visibility: Visibility) -> Self {
        self.settings.visibility = visibility;
        self
    }

    /// Names a prerequisite, which must be registered too: where that is known to be unhealthy,
    /// this check is skipped.
    #[must_use]
    pub fn with_depends_on(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.depends_on.push(name.into());
        self
    }

    /// Says that it asks something outside of the process: a database, a broker, another service. A
    /// warning at the start then tells if it serves liveness, for a restart repairs no outage of
    /// another. Default: false.
    #[must_use]
    pub fn with_external(mut self, external: bool) -> Self {
        self.external = external;
        self
    }

    /// Says that it asks other services for their health, by its [`probe_path`](crate::probe_path),
    /// which may ask for it in turn. Default: found out when it first does so.
    #[must_use]
    pub fn with_asks_health(mut self, asks: bool) -> Self {
        self.asks_health = asks;
        self
    }

    /// Says why it serves liveness all the same, though it asks something outside of the process;
    /// the warning is then left out.
    #[must_use]
    pub fn with_liveness_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.liveness_reason = reason.into();
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// What the check covers, for those who read the OpenAPI document.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    pub(crate) fn bind(&self, binder: &mut Binder<'_>) -> Option<Work> {
        match &self.body {
            Body::Annotated(bind) => bind(binder),
            Body::Built(maker) => maker.make(),
        }
    }

    /// What the arguments need, each with its type as the source code calls it; or the text of a
    /// panic, for arguments may be of types that users made injectable.
    pub(crate) fn requirements(&self) -> Result<Vec<(Requirement, &'static str)>, String> {
        match self.body {
            Body::Annotated(bind) => guarded(|| Binder::inspect(bind)),
            Body::Built(_) => Ok(Vec::new()),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

/// Whether a text can be a path segment, a metric's label and an OpenAPI key alike.
pub(crate) fn is_valid_name(name: &str) -> bool {
    name.len() <= 100
        && name.bytes().any(|b| b != b'.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_paths_labels_and_keys() {
        for good in ["database", "db.primary", "a-b_C9", "x"] {
            assert!(is_valid_name(good), "{good}");
        }
        let long = "x".repeat(101);
        for bad in ["", ".", "..", "a b", "a/b", "ü", "{name}", &long] {
            assert!(!is_valid_name(bad), "{bad}");
        }
    }

    #[test]
    fn results_are_kept_as_the_probe_deserves() {
        let check = Check::new("x", async || ()).liveness().readiness();
        assert_eq!(check.cache(Probe::Liveness), Duration::ZERO);
        assert_eq!(check.cache(Probe::Readiness), Duration::from_secs(1));
        let check = check.with_cache(Duration::from_secs(3));
        assert_eq!(check.cache(Probe::Liveness), Duration::from_secs(3));
    }
}
