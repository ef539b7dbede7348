//! Asks checks, at most one run of each at a time, and answers in time.

mod ask;
mod batch;
mod causes;
mod executor;
mod flight;
mod instance;
mod pending;
mod run;
mod schedule;
mod state;
mod target;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::batch::Batch;
use self::causes::Prerequisites;
use self::executor::Executor;
pub use self::executor::Runtime;
use self::instance::{Answer, Instance, Question};
use self::pending::Asking;
use self::target::{Gate, Slot};
use crate::context::{Caller, Context, Requirement, StateMap};
use crate::lifecycle::Lifecycle;
use crate::observe::{Observer, Teller};
use crate::sample::Asked;
use crate::{Check, Entry, GroupReport, History, Phase, Probe, Report};

/// All checks of a registry with their instances.
#[derive(Debug)]
pub(crate) struct Engine {
    slots: Vec<Slot>,
    prerequisites: Prerequisites,
    has_prerequisites: bool,
    /// Whether readiness may ask a check that does not serve it.
    readiness_asks_others: bool,
    state: StateMap,
    executor: Arc<Executor>,
    lifecycle: Arc<Lifecycle>,
    teller: Arc<Teller>,
    /// How long a whole probe may take.
    deadline: Duration,
}

/// What an engine is made with besides its checks.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) state: StateMap,
    pub(crate) runtime: Runtime,
    pub(crate) deadline: Duration,
    pub(crate) concurrency: Option<usize>,
    pub(crate) remembered: usize,
}

impl Engine {
    pub(crate) fn new(
        checks: &[Arc<Check>],
        prerequisites: Vec<Vec<usize>>,
        options: Options,
    ) -> Self {
        let lifecycle = Arc::<Lifecycle>::default();
        let gates = checks.iter().filter(|check| gate_of_readiness(check));
        lifecycle.wait_for(gates.map(|check| check.name()));
        let teller = Arc::new(Teller::new(Arc::clone(&lifecycle), options.remembered));
        let asked_while_starting = |check: &Arc<Check>| {
            check.concerns(Probe::Readiness) && !check.probes().contains(Probe::Readiness)
        };
        let prerequisites = Prerequisites::new(prerequisites);
        let slots = checks
            .iter()
            .map(|check| Slot::new(Arc::clone(check), &teller));
        Self {
            slots: slots.collect(),
            has_prerequisites: !prerequisites.are_none(),
            readiness_asks_others: checks.iter().any(asked_while_starting),
            prerequisites,
            state: options.state,
            executor: Arc::new(Executor::new(options.runtime, options.concurrency)),
            lifecycle,
            teller,
            deadline: options.deadline,
        }
    }

    pub(crate) fn checks(&self) -> impl ExactSizeIterator<Item = &Arc<Check>> {
        self.slots.iter().map(|slot| &slot.check)
    }

    pub(crate) const fn lifecycle(&self) -> &Arc<Lifecycle> {
        &self.lifecycle
    }

    pub(crate) fn observe(&self, observer: Arc<dyn Observer>) {
        let checks = self.slots.len();
        self.teller.add(observer, self.executor.handle(), checks);
    }

    /// The longest that a probe may take: the longest timeout among its checks or the deadline,
    /// whichever is less.
    pub(crate) fn longest(&self, probe: Probe) -> Duration {
        let serving = self.checks().filter(|check| check.concerns(probe));
        let longest = serving.map(|check| check.timeout_for(probe)).max();
        longest.unwrap_or_default().min(self.deadline)
    }

    /// Whether the builder was given what an argument needs.
    pub(crate) fn has(&self, requirement: &Requirement) -> bool {
        self.state.has(requirement)
    }

    /// The wall clock.
    pub(crate) fn wall_clock(&self) -> std::time::SystemTime {
        self.executor.now().at
    }

    /// Starts the schedules of those checks that have one.
    pub(crate) fn start_schedules(self: &Arc<Self>) -> io::Result<()> {
        let asked = self.executor.now();
        let mut started = Ok(());
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.check.interval().is_none() {
                continue;
            }
            let begins = asked.instant + slot.check.initial_delay();
            let target = self.target(index, Context::new(&self.state, Caller::nobody()), asked);
            let Ok((instance, _)) = target.bound else {
                continue;
            };
            instance.schedule(begins);
            let keep = schedule::keep(Arc::downgrade(self), index, instance, begins);
            started = started.and(self.executor.plan(keep));
        }
        started
    }

    /// Polls what is no run, until it ends or the engine is dropped.
    pub(crate) fn plan(&self, plan: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        self.executor.plan(plan)
    }

    /// Asks all checks of a probe at once. Arguments are made and runs are started before this
    /// returns; what it returns waits.
    pub(crate) fn probe(
        self: &Arc<Self>,
        probe: Probe,
        said: Option<Phase>,
        caller: Caller<'_>,
    ) -> impl Future<Output = Report> + Send + 'static + use<> {
        let asked = self.executor.now();
        let mut asking = Asking::new(Arc::clone(self), asked, self.slots.len());
        let gates = match said {
            Some(_) => Vec::new(),
            None => self.ask_probe(probe, caller, &mut asking),
        };
        let pending = asking.start();
        let lifecycle = Arc::clone(&self.lifecycle);
        async move {
            let entries = pending.entries().await;
            let closed = match (probe, &said) {
                (Probe::Liveness, _) | (_, Some(_)) => Vec::new(),
                _ => lifecycle.gates.closed(),
            };
            let phase = said.unwrap_or_else(|| {
                if closed.is_empty() && gates.iter().all(Gate::is_open) {
                    Phase::Started
                } else {
                    Phase::Starting
                }
            });
            Report::new(probe, phase, closed, entries)
        }
    }

    /// Asks one check, whatever the lifecycle.
    pub(crate) fn check(
        self: &Arc<Self>,
        name: &str,
        caller: Caller<'_>,
    ) -> Option<impl Future<Output = Entry> + Send + 'static + use<>> {
        let index = self.find(name)?;
        let asked = self.executor.now();
        let mut asking = Asking::new(Arc::clone(self), asked, 1);
        let mut target = self.target(index, Context::new(&self.state, caller), asked);
        target.forced = self.forced(asked, name);
        self.ask_all(vec![target], caller, &mut asking);
        let pending = asking.start();
        Some(async move { pending.entries().await.remove(0) })
    }

    /// Asks the checks with this tag, whatever the lifecycle.
    pub(crate) fn group(
        self: &Arc<Self>,
        tag: &str,
        caller: Caller<'_>,
    ) -> Option<impl Future<Output = GroupReport> + Send + 'static + use<>> {
        let asked = self.executor.now();
        let members = self.members(tag, Context::new(&self.state, caller), asked);
        if members.is_empty() {
            return None;
        }
        let mut asking = Asking::new(Arc::clone(self), asked, members.len());
        self.ask_all(members, caller, &mut asking);
        let pending = asking.start();
        let tag = tag.to_owned();
        Some(async move { GroupReport::new(tag, pending.entries().await) })
    }

    /// What is remembered of a check, for this caller.
    pub(crate) fn history(&self, name: &str, caller: Caller<'_>) -> Option<History> {
        let slot = &self.slots[self.find(name)?];
        slot.instance_for(Context::new(&self.state, caller), self.executor.now())
            .map(|instance| instance.history())
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.checks().position(|check| check.name() == name)
    }

    /// A run for the schedule, or the one under way; when that was. None is made while a
    /// prerequisite fails.
    fn tick(&self, index: usize, instance: &Arc<Instance>, batch: &Arc<Batch>) -> Instant {
        let asked = self.executor.now();
        if !self.is_kept_from_running(index, asked) {
            self.run_scheduled(instance, batch, asked);
        }
        batch.settle();
        asked.instant
    }

    fn run_scheduled(&self, instance: &Arc<Instance>, batch: &Arc<Batch>, asked: Asked) {
        let hint = |check: &str| self.why_starved(check);
        let question = Question {
            asked,
            probe: None,
            batch,
            hint: &hint,
        };
        if let Answer::Start(run) = instance.ask(question) {
            let job = self.job(instance, run, asked, None);
            self.executor.start(job.into_iter().collect());
        }
    }

    fn is_kept_from_running(&self, index: usize, asked: Asked) -> bool {
        self.has_prerequisites
            && self.causes(&[], [index].into_iter(), Caller::nobody(), asked)[index].is_some()
    }

    fn why_starved(&self, check: &str) -> Option<String> {
        self.executor.why_starved(check)
    }

    /// Settles a run that is overdue, and tells if that is because it holds its thread.
    fn expire(&self, instance: &Instance, deadline: Instant) {
        instance.expire(deadline, &|check| self.why_starved(check));
        if self.executor.is_held_by(instance.check().name()) {
            instance.warn_of_held_thread(instance.check().settings().longest_timeout());
        }
    }
}

/// Whether nothing is ready before this check has passed.
fn gate_of_readiness(check: &Check) -> bool {
    check.probes().contains(Probe::Startup) && check.is_critical_for(Probe::Startup)
}
