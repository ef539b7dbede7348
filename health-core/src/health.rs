use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crate::context::StateMap;
use crate::engine::{Engine, Runtime};
use crate::error::Mistake;
use crate::lifecycle::Lifecycle;
use crate::sync::lock;
use crate::{BuildError, Caller, Check, Entry, HealthBuilder, Maintenance, Phase, Probe, Report};

/// The health of a process: its checks, and what is known of them. A cheap clone.
///
/// Build one for the whole process, outside the factory of a web framework, so that all its
/// workers share one state.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    lifecycle: Lifecycle,
    misconfigured: bool,
    announced: Mutex<BTreeSet<String>>,
}

impl Health {
    /// A builder that knows every annotated function linked into the program.
    pub fn builder() -> HealthBuilder {
        HealthBuilder::linked()
    }

    pub(crate) fn new(engine: Engine, misconfigured: bool) -> Self {
        Self(Arc::new(Inner {
            engine: Arc::new(engine),
            lifecycle: Lifecycle::default(),
            misconfigured,
            announced: Mutex::default(),
        }))
    }

    /// Stands in for a registry with mistakes, which are for the caller to log: it has no checks,
    /// and fails readiness and startup. Liveness passes, for a restart would not mend it.
    pub fn misconfigured() -> Self {
        let engine = Engine::new(
            Vec::new(),
            StateMap::default(),
            Runtime::threads(),
            HealthBuilder::DEFAULT_DEADLINE,
        );
        Self::new(engine, true)
    }

    /// Asks all checks of a probe at once.
    ///
    /// Arguments are made, and runs are started, before this returns. The returned future waits
    /// for them, at the latest until the longest timeout among the checks or the probe's
    /// deadline, whichever is less; it needs tokio's timers where it is awaited.
    pub fn probe(
        &self,
        probe: Probe,
        caller: Caller<'_>,
    ) -> impl Future<Output = Report> + Send + 'static + use<> {
        self.0.engine.probe(probe, self.said(probe), caller)
    }

    /// Asks one check, whatever the lifecycle; `None` if there is none of this name.
    ///
    /// A check that serves nothing but startup and has passed is not run again.
    pub fn check(
        &self,
        name: &str,
        caller: Caller<'_>,
    ) -> Option<impl Future<Output = Entry> + Send + 'static + use<>> {
        self.0.engine.check(name, caller)
    }

    /// All checks, sorted by name.
    pub fn checks(&self) -> impl ExactSizeIterator<Item = &Check> {
        self.0.engine.checks().map(|check| &**check)
    }

    /// The longest that a probe may take: the longest timeout among its checks or the deadline,
    /// whichever is less. Zero if it has no checks. Those of readiness include the startup checks,
    /// which it asks until they have passed.
    pub fn longest(&self, probe: Probe) -> Duration {
        self.0.engine.longest(probe)
    }

    /// The time by the wall clock of the runtime that the checks run on.
    pub fn wall_clock(&self) -> SystemTime {
        self.0.engine.wall_clock()
    }

    /// From now on readiness fails, so that balancers send no more requests; liveness and
    /// startup stay as they were.
    pub fn start_draining(&self) {
        if self.0.lifecycle.set_draining(true) {
            tracing::info!(target: "health", "draining: readiness fails from now on");
        }
    }

    /// Takes draining back.
    pub fn stop_draining(&self) {
        if self.0.lifecycle.set_draining(false) {
            tracing::info!(target: "health", "no longer draining");
        }
    }

    /// Whether the process drains.
    pub fn is_draining(&self) -> bool {
        self.0.lifecycle.is_draining()
    }

    /// Takes the process out of service for a while: readiness fails until
    /// [`Health::end_maintenance`].
    pub fn start_maintenance(&self, maintenance: Maintenance) {
        let reason = maintenance.reason().to_owned();
        if self.0.lifecycle.set_maintenance(Some(maintenance)) {
            tracing::info!(target: "health", reason, "maintenance: readiness fails from now on");
        }
    }

    /// Puts the process back into service.
    pub fn end_maintenance(&self) {
        if self.0.lifecycle.set_maintenance(None) {
            tracing::info!(target: "health", "maintenance has ended");
        }
    }

    /// Makes sure that every check can be asked where no application request brings data: on a
    /// management port, at an interval, on the command line.
    ///
    /// # Errors
    /// One mistake for each argument that only a request could bring, naming its type.
    pub fn ensure_standalone(&self) -> Result<(), BuildError> {
        let mistakes = self.checks().flat_map(|check| self.unbound(check));
        BuildError::unless_empty(mistakes.collect())
    }

    fn unbound(&self, check: &Check) -> Vec<Mistake> {
        let requirements = check.requirements().unwrap_or_default().into_iter();
        let unbound = requirements.filter(|(need, _)| !self.0.engine.has(need));
        let mistake = |(need, written): (crate::Requirement, &str)| {
            Mistake::new(format!(
                "check `{}` ({}): it takes `{written}` from the data of the requesting \
                 application, but where it is to be asked no application request ever comes; \
                 give the builder one with `.data(value)`, the value being a `{}`",
                check.name(),
                check.location(),
                need.type_name
            ))
        };
        unbound.map(mistake).collect()
    }

    /// True the first time that it is asked for a place: what is mounted once per worker is
    /// announced once.
    #[doc(hidden)]
    pub fn is_news(&self, place: &str) -> bool {
        lock(&self.0.announced).insert(place.to_owned())
    }

    /// Whether this stands in for a registry with mistakes.
    pub fn is_misconfigured(&self) -> bool {
        self.0.misconfigured
    }

    /// The phase that is known without asking a check.
    fn said(&self, probe: Probe) -> Option<Phase> {
        if self.0.misconfigured {
            return Some(Phase::Misconfigured);
        }
        self.0
            .lifecycle
            .said()
            .filter(|_| probe == Probe::Readiness)
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.checks().map(Check::name).collect();
        f.debug_struct("Health")
            .field("checks", &names)
            .finish_non_exhaustive()
    }
}
