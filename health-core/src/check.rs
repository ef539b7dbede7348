use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use crate::bind::{BindFn, Binder, Work};
use crate::context::Requirement;
use crate::descriptor::Descriptor;
use crate::sync::guarded;
use crate::{IntoOutcome, Probe, ProbeSet};

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
/// assert_eq!(health.checks().count(), 1);
/// # Ok::<(), health_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Check {
    pub(crate) name: Cow<'static, str>,
    identity: Cow<'static, str>,
    probes: ProbeSet,
    timeout: Duration,
    cache: Option<Duration>,
    critical: bool,
    tags: Vec<Cow<'static, str>>,
    description: Cow<'static, str>,
    location: Location,
    body: Body,
}

#[derive(Clone)]
enum Body {
    Annotated(BindFn),
    Built(Arc<dyn Fn() -> Work + Send + Sync>),
}

impl Check {
    /// The time that a run may take where nothing else is said: kubelet itself waits 1 s.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(800);

    /// How long a result is kept for readiness and startup where nothing else is said.
    pub const DEFAULT_CACHE: Duration = Duration::from_secs(1);

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
            Arc::new(move || {
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
            Arc::new(move || {
                let check = Arc::clone(&check);
                Work::blocking(move || check())
            }),
        )
    }

    #[track_caller]
    fn built(name: Cow<'static, str>, work: Arc<dyn Fn() -> Work + Send + Sync>) -> Self {
        Self {
            identity: name.clone(),
            name,
            probes: ProbeSet::new(),
            timeout: Self::DEFAULT_TIMEOUT,
            cache: None,
            critical: true,
            tags: Vec::new(),
            description: Cow::Borrowed(""),
            location: Location::caller(),
            body: Body::Built(work),
        }
    }

    pub(crate) fn annotated(descriptor: &Descriptor) -> Self {
        Self {
            name: Cow::Borrowed(descriptor.name),
            identity: format!("{}::{}", descriptor.module, descriptor.function).into(),
            probes: descriptor.probes,
            timeout: Duration::from_millis(descriptor.timeout_ms),
            cache: descriptor.cache_ms.map(Duration::from_millis),
            critical: descriptor.critical,
            tags: descriptor.tags.iter().copied().map(Cow::Borrowed).collect(),
            description: Cow::Borrowed(descriptor.description),
            location: Location {
                file: descriptor.file,
                line: descriptor.line,
            },
            body: Body::Annotated(descriptor.bind),
        }
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
        self.probes = self.probes.with(probe);
        self
    }

    /// How long a run may take. Default: [`Check::DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a result is kept, counted from its run's start. Default: 1 s for readiness and
    /// startup, nothing for liveness.
    #[must_use]
    pub fn with_cache(mut self, cache: Duration) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Whether its failure fails the probe (the default), or only degrades it.
    #[must_use]
    pub fn with_critical(mut self, critical: bool) -> Self {
        self.critical = critical;
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

    /// The name: in reports, paths and configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stays when the name is changed: the function's path, or the name it was made with.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The probes that it serves.
    pub const fn probes(&self) -> ProbeSet {
        self.probes
    }

    /// Whether `probe` may ask it: it serves the probe, or the probe is readiness and it serves
    /// startup, for readiness also asks startup checks until they have passed.
    pub const fn concerns(&self, probe: Probe) -> bool {
        let gates = matches!(probe, Probe::Readiness) && self.probes.contains(Probe::Startup);
        gates || self.probes.contains(probe)
    }

    /// How long a run may take.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How long a result is kept for `probe`, counted from its run's start.
    pub fn cache(&self, probe: Probe) -> Duration {
        self.cache.unwrap_or(match probe {
            Probe::Liveness => Duration::ZERO,
            Probe::Readiness | Probe::Startup => Self::DEFAULT_CACHE,
        })
    }

    /// Whether its failure fails the probe.
    pub const fn is_critical(&self) -> bool {
        self.critical
    }

    /// The tags, in the order in which they were given.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tags.iter().map(|tag| &**tag)
    }

    /// What the check covers; empty if nothing was said.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Where in the source code it stands.
    pub const fn location(&self) -> Location {
        self.location
    }

    pub(crate) fn bind(&self, binder: &mut Binder<'_>) -> Option<Work> {
        match &self.body {
            Body::Annotated(bind) => bind(binder),
            Body::Built(work) => Some(work()),
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
            .field("probes", &self.probes)
            .field("timeout", &self.timeout)
            .field("critical", &self.critical)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

/// A place in the source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

impl Location {
    /// Where the function that is `#[track_caller]` was called.
    #[track_caller]
    pub(crate) fn caller() -> Self {
        let caller = panic::Location::caller();
        Self {
            file: caller.file(),
            line: caller.line(),
        }
    }

    /// The file, as the compiler was given it.
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The line, from 1.
    pub const fn line(&self) -> u32 {
        self.line
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
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
