mod changes;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use crate::context::StateMap;
use crate::engine::{Engine, Options, Runtime};
use crate::error::Mistake;
use crate::gate::attempts;
use crate::lasting::Lasting;
use crate::override_file;
use crate::plan::Plan;
use crate::sync::{Mutex, lock};
use crate::{
    BuildError, Caller, Check, Entry, Event, Glance, GroupReport, HealthBuilder, History,
    IntoOutcome, Maintenance, Measurements, Observer, Override, Overview, Phase, Probe, ProbePath,
    Report, StartupGate, UnknownCheck, UnknownGate, Watch,
};

/// The health of a process: its checks, and what is known of them. A cheap clone.
///
/// Build one for the whole process, outside the factory of a web framework, so that all its
/// workers share one state.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

/// A [`Health`] that may be gone.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct WeakHealth(Weak<Inner>);

impl WeakHealth {
    /// The `Health`, unless its last clone is gone.
    pub fn upgrade(&self) -> Option<Health> {
        self.0.upgrade().map(Health)
    }
}

#[derive(Debug)]
struct Inner {
    engine: Arc<Engine>,
    misconfigured: bool,
    announced: Mutex<BTreeSet<String>>,
}

impl Health {
    /// A builder that knows every annotated function linked into the program.
    pub fn builder() -> HealthBuilder {
        HealthBuilder::linked()
    }

    /// Starts what runs without being asked.
    pub(crate) fn start(engine: Engine, override_file: Option<PathBuf>) -> Self {
        let health = Self::new(engine, false);
        let engine = &health.0.engine;
        engine.start_schedules();
        if let Some(path) = override_file {
            let watch = override_file::watch(path, Arc::downgrade(engine));
            if let Err(error) = engine.plan(watch) {
                tracing::error!(
                    target: "health",
                    "no thread can be started, so the override file is not read: {error}"
                );
            }
        }
        health
    }

    fn new(engine: Engine, misconfigured: bool) -> Self {
        Self(Arc::new(Inner {
            engine: Arc::new(engine),
            misconfigured,
            announced: Mutex::default(),
        }))
    }

    /// Stands in for a registry with mistakes, which are for the caller to log: it has no checks,
    /// and fails readiness and startup. Liveness passes, for a restart would not mend it.
    pub fn misconfigured() -> Self {
        let options = Options {
            state: StateMap::default(),
            runtime: Runtime::threads(),
            deadline: HealthBuilder::DEFAULT_DEADLINE,
            concurrency: None,
            remembered: 0,
        };
        Self::new(Engine::new(Plan::default(), Vec::new(), options), true)
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
        let engine = Arc::clone(&self.0.engine);
        let report = engine.probe(probe, self.said(probe), caller);
        let is_noted = caller.path().is_none_or(ProbePath::is_empty);
        async move {
            let report = report.await;
            if is_noted {
                engine.note(&report, || engine.wall_clock());
            }
            report
        }
    }

    /// Asks as [`Health::probe`] does, as if the process did not drain, or were not out of service,
    /// where that is set aside: readiness then asks its checks all the same.
    ///
    /// For formats whose callers may leave something out, such as `/readyz?exclude=shutdown` of
    /// Kubernetes. Nobody else is told anything else for it, and runs and results are shared as
    /// always.
    pub fn probe_despite(
        &self,
        probe: Probe,
        caller: Caller<'_>,
        is_set_aside: &dyn Fn(&Phase) -> bool,
    ) -> impl Future<Output = Report> + Send + 'static + use<> {
        let said = self.said_besides(probe, is_set_aside);
        self.0.engine.probe(probe, said, caller)
    }

    /// Whether a report that was [lasting](Report::lasting) is what this caller would be told now,
    /// which is then counted as an answer to a probe: what was made of it can be given again.
    #[doc(hidden)]
    pub fn tells_again(&self, lasting: &Lasting, caller: Caller<'_>) -> bool {
        self.0.engine.tell_again(lasting, caller)
    }

    /// Asks the checks of all three probes at once, for formats whose root means "everything".
    ///
    /// Each probe asks its checks as [`Health::probe`] does, and they share their runs: no check
    /// runs twice. One that serves liveness runs each time, unless its results are kept. While the process drains or is out of service all are asked nevertheless. The
    /// answer arrives when the last of the three probes has its own.
    pub fn everything(
        &self,
        caller: Caller<'_>,
    ) -> impl Future<Output = Overview> + Send + 'static + use<> {
        self.0
            .engine
            .everything(self.said(Probe::Readiness), caller)
    }

    /// What is known of all probes and checks, for this caller. Nothing is run, and nothing waited
    /// for: whoever wants to know how things are asks a probe.
    pub fn glance(&self, caller: Caller<'_>) -> Glance {
        self.0.engine.glance(|probe| self.said(probe), caller)
    }

    /// What was counted of checks and probes, and what the engine's threads do. Nothing is run.
    pub fn measurements(&self) -> Measurements {
        self.0.engine.measurements()
    }

    /// What has happened lately, in the order in which it was noticed: at most 200 events. A probe's
    /// verdict is noted when [`Health::probe`] or [`Health::glance`] finds another one, whoever asks:
    /// where callers bring different things and are told different verdicts, each is noted in turn.
    /// What those are told who come by way of other services ([`Caller::along`]) is not noted.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), health_core::BuildError> {
    /// use health_core::{Caller, Check, Happening, HealthBuilder, Probe, Runtime, Status};
    ///
    /// let database = Check::new("database", async || false).readiness();
    /// let builder = HealthBuilder::empty().runtime(Runtime::current());
    /// let health = builder.check(database).build()?;
    /// let mut watch = health.watch();
    /// health.probe(Probe::Readiness, Caller::nobody()).await;
    /// assert!(watch.changed().await);
    /// for event in health.timeline() {
    ///     match event.what() {
    ///         Happening::Turned { check, to, .. } => println!("{check}: {to}"),
    ///         Happening::Verdict { probe, to, .. } => assert_eq!(*to, Status::Unhealthy, "{probe}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeline(&self) -> Vec<Event> {
        self.0.engine.lifecycle().timeline.events()
    }

    /// Tells when something is added to the [timeline](Self::timeline) from now on. It does not keep
    /// this alive.
    pub fn watch(&self) -> Watch {
        self.0.engine.lifecycle().timeline.watch()
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

    /// Asks the checks that have this tag; `None` if no check has it. Drain, maintenance and
    /// startup gates do not matter.
    ///
    /// Each is asked as [`Health::check`] does, and kept results are the answer as always.
    pub fn group(
        &self,
        tag: &str,
        caller: Caller<'_>,
    ) -> Option<impl Future<Output = GroupReport> + Send + 'static + use<>> {
        self.0.engine.group(tag, caller)
    }

    /// All checks as they are now, sorted by name.
    pub fn checks(&self) -> Vec<Arc<Check>> {
        self.0.engine.checks()
    }

    /// Counts the changes of the checks while the process runs, for those who keep what they
    /// derive from [`Health::checks`].
    pub fn revision(&self) -> u64 {
        self.0.engine.revision()
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

    /// How long ago this was built, by the clock of the runtime that the checks run on, which no
    /// adjustment of the wall clock moves. A clone is as old as what it was cloned from.
    ///
    /// Built where the process starts, it is how long the application has been up.
    pub fn uptime(&self) -> Duration {
        self.0.engine.age()
    }

    /// From now on readiness fails, so that balancers send no more requests; liveness and
    /// startup stay as they were.
    pub fn start_draining(&self) {
        let lifecycle = self.0.engine.lifecycle();
        tell_of_draining(lifecycle.set_draining(true, self.wall_clock()));
    }

    /// The same for a while, and not because the process is about to end.
    #[doc(hidden)]
    pub fn park(&self) {
        tell_of_draining(self.0.engine.lifecycle().park(self.wall_clock()));
    }

    /// Takes draining back.
    pub fn stop_draining(&self) {
        if self
            .0
            .engine
            .lifecycle()
            .set_draining(false, self.wall_clock())
        {
            tracing::info!(target: "health", "no longer draining");
        }
    }

    /// Whether the process drains.
    pub fn is_draining(&self) -> bool {
        self.0.engine.lifecycle().is_draining()
    }

    /// Whether the process drains because it is about to end.
    #[doc(hidden)]
    pub fn is_stopping(&self) -> bool {
        self.0.engine.lifecycle().is_stopping()
    }

    /// Takes the process out of service for a while: readiness fails until
    /// [`Health::end_maintenance`].
    pub fn start_maintenance(&self, maintenance: Maintenance) {
        let reason = maintenance.reason().to_owned();
        let (lifecycle, now) = (self.0.engine.lifecycle(), self.wall_clock());
        if lifecycle.set_maintenance(Some(maintenance), now) {
            tracing::info!(target: "health", reason, "maintenance: readiness fails from now on");
        }
    }

    /// Puts the process back into service.
    pub fn end_maintenance(&self) {
        let (lifecycle, now) = (self.0.engine.lifecycle(), self.wall_clock());
        if lifecycle.set_maintenance(None, now) {
            tracing::info!(target: "health", "maintenance has ended");
        }
    }

    /// What takes the process out of service, if anything does.
    pub fn maintenance(&self) -> Option<Maintenance> {
        self.0.engine.lifecycle().maintenance()
    }

    /// The startup gate of this name.
    ///
    /// # Errors
    /// If the builder has not declared one with [`HealthBuilder::startup_gate`].
    pub fn startup_gate(&self, name: &str) -> Result<StartupGate, UnknownGate> {
        self.0.engine.lifecycle().gates.named(name)
    }

    /// Does what a startup gate stands for, on the engine's threads, and opens it; an attempt
    /// that fails is made again, after 1 s, 2 s and so on up to 30 s.
    ///
    /// The attempt is given the gate, to say how far it has come. It should wait, not block: what
    /// blocks belongs into `tokio::task::spawn_blocking`. It has no time limit but its own.
    ///
    /// # Errors
    /// If the builder has not declared the gate.
    ///
    /// ```
    /// # use health_core::{BuildError, HealthBuilder};
    /// # async fn load() -> std::io::Result<()> { Ok(()) }
    /// # fn main() -> Result<(), BuildError> {
    /// let health = HealthBuilder::empty().startup_gate("model").build()?;
    /// let declared = health.start_up("model", |gate| async move {
    ///     gate.progress("loading the model");
    ///     load().await
    /// });
    /// assert!(declared.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_up<F, Fut>(&self, gate: &str, attempt: F) -> Result<(), UnknownGate>
    where
        F: FnMut(StartupGate) -> Fut + Send + 'static,
        Fut: Future<Output: IntoOutcome> + Send + 'static,
    {
        let gate = self.startup_gate(gate)?;
        let started = self.0.engine.plan(attempts(gate.clone(), attempt));
        if let Err(error) = started {
            gate.progress(format!("cannot be attempted: {error}"));
        }
        Ok(())
    }

    /// Forces the status of a check until the override expires or is taken back. Meanwhile probes
    /// do not run the check. It outranks the override file.
    ///
    /// # Errors
    /// If there is no check of this name.
    pub fn force(&self, check: &str, forced: Override) -> Result<(), UnknownCheck> {
        self.known(check)?;
        let overrides = &self.0.engine.lifecycle().overrides;
        overrides.set(check, forced, self.wall_clock());
        Ok(())
    }

    /// Takes an override back; whether there was one.
    ///
    /// # Errors
    /// If there is no check of this name.
    pub fn end_override(&self, check: &str) -> Result<bool, UnknownCheck> {
        self.known(check)?;
        let overrides = &self.0.engine.lifecycle().overrides;
        Ok(overrides.end(check, self.wall_clock()))
    }

    /// The overrides in force, by handle or by file, sorted by the name of the check.
    pub fn overrides(&self) -> Vec<(String, Override)> {
        let now = self.wall_clock();
        let overrides = self.0.engine.lifecycle().overrides.in_force(now);
        overrides.into_iter().collect()
    }

    /// Adds an observer of runs and transitions. It gets a thread of its own, or, with
    /// [`Runtime::current`], a task.
    pub fn observe(&self, observer: impl Observer) {
        self.0.engine.observe(Arc::new(observer));
    }

    /// What is remembered of a check's runs; `None` if there is no check of this name, or nothing
    /// that this caller could have asked. A caller who brings nothing gets the history of what
    /// others brought, if that is one thing only.
    pub fn history(&self, check: &str, caller: Caller<'_>) -> Option<History> {
        self.0.engine.history(check, caller)
    }

    fn known(&self, check: &str) -> Result<(), UnknownCheck> {
        if self.0.engine.knows(check) {
            return Ok(());
        }
        let checks = self.checks();
        Err(UnknownCheck::new(
            check,
            checks.iter().map(|check| check.name()),
        ))
    }

    /// Makes sure that every check can be asked where no application request brings data: on a
    /// management port, at an interval, on the command line.
    ///
    /// # Errors
    /// One mistake for each argument that only a request could bring, naming its type.
    pub fn ensure_standalone(&self) -> Result<(), BuildError> {
        let checks = self.checks();
        let mistakes = checks.iter().flat_map(|check| self.unbound(check));
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

    /// Polls what is no check on the engine's threads, until it ends or the last clone of this is
    /// gone. What it keeps it keeps alive: a clone of this only until it ends.
    ///
    /// # Errors
    /// If no thread can be started.
    #[doc(hidden)]
    pub fn plan(&self, future: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        self.0.engine.plan(future)
    }

    /// The same without keeping it alive, for what is [planned](Self::plan).
    #[doc(hidden)]
    pub fn downgrade(&self) -> WeakHealth {
        WeakHealth(Arc::downgrade(&self.0))
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
        self.said_besides(probe, &|_| false)
    }

    fn said_besides(&self, probe: Probe, is_set_aside: &dyn Fn(&Phase) -> bool) -> Option<Phase> {
        if self.0.misconfigured {
            return Some(Phase::Misconfigured);
        }
        match probe {
            Probe::Readiness => self.0.engine.lifecycle().said_besides(is_set_aside),
            Probe::Liveness | Probe::Startup => None,
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks = self.checks();
        let names: Vec<_> = checks.iter().map(|check| check.name()).collect();
        f.debug_struct("Health")
            .field("checks", &names)
            .finish_non_exhaustive()
    }
}

fn tell_of_draining(has_begun: bool) {
    if has_begun {
        tracing::info!(target: "health", "draining: readiness fails from now on");
    }
}
