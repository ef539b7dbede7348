//! Asks checks, at most one run of each at a time, and answers in time.

mod ask;
mod batch;
mod causes;
mod change;
mod everything;
mod executor;
mod flight;
mod glance;
mod instance;
#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests;
mod measure;
mod pending;
mod roster;
mod run;
mod schedule;
mod slot;
mod state;
mod target;
mod why;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::ask::Inquiry;
use self::batch::Batch;
use self::executor::Executor;
pub use self::executor::Runtime;
use self::instance::{Answer, Instance, Question};
use self::roster::Roster;
use self::run::Job;
use self::slot::Slot;
use self::target::Gate;
use self::why::Why;
use crate::context::{Caller, Context, Requirement, StateMap};
use crate::gate::ClosedGate;
use crate::lasting::Lasting;
use crate::lifecycle::Lifecycle;
use crate::observe::{Observer, Teller};
use crate::plan::Plan;
use crate::sample::Asked;
use crate::sync::{Mutex, lock};
use crate::tally::ProbeTally;
use crate::{Check, Entry, GroupReport, History, Phase, Probe, Report};

/// Asks the checks of a roster.
#[derive(Debug)]
pub(crate) struct Engine {
    roster: Mutex<Arc<Roster>>,
    state: StateMap,
    executor: Arc<Executor>,
    lifecycle: Arc<Lifecycle>,
    teller: Arc<Teller>,
    answers: Arc<ProbeTally>,
    made: Instant,
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
    /// With the checks of a plan that was validated, and the places of those that each depends on.
    pub(crate) fn new(plan: Plan, prerequisites: Vec<Vec<usize>>, options: Options) -> Self {
        let lifecycle = Arc::<Lifecycle>::default();
        let teller = Arc::new(Teller::new(Arc::clone(&lifecycle), options.remembered));
        let roster = Roster::new(plan, prerequisites, &teller);
        let gates = roster.gates().map(|check| check.identity());
        lifecycle.wait_for(&BTreeSet::new(), gates);
        let executor = Executor::new(options.runtime, options.concurrency);
        Self {
            roster: Mutex::new(Arc::new(roster)),
            state: options.state,
            made: executor.now().instant,
            executor: Arc::new(executor),
            lifecycle,
            teller,
            answers: Arc::default(),
            deadline: options.deadline,
        }
    }

    fn roster(&self) -> Arc<Roster> {
        Arc::clone(&lock(&self.roster))
    }

    /// The checks as they are now.
    pub(crate) fn checks(&self) -> Vec<Arc<Check>> {
        let roster = self.roster();
        let slots = roster.slots().iter();
        slots.map(|slot| Arc::clone(slot.check())).collect()
    }

    /// The names of the checks that are disabled.
    pub(crate) fn disabled(&self) -> Vec<String> {
        let roster = self.roster();
        let disabled = roster.slots().iter().filter(|slot| slot.is_disabled());
        disabled
            .map(|slot| slot.check().name().to_owned())
            .collect()
    }

    /// Changes whenever the checks do.
    pub(crate) fn revision(&self) -> u64 {
        self.roster().revision()
    }

    pub(crate) const fn lifecycle(&self) -> &Arc<Lifecycle> {
        &self.lifecycle
    }

    pub(crate) fn observe(&self, observer: Arc<dyn Observer>) {
        let checks = self.roster().slots().len();
        self.teller.add(observer, self.executor.handle(), checks);
    }

    /// The longest that a probe may take: the longest timeout among its checks that are not disabled
    /// or the deadline, whichever is less.
    pub(crate) fn longest(&self, probe: Probe) -> Duration {
        self.roster().longest(probe).min(self.deadline)
    }

    /// Whether the builder was given what an argument needs.
    pub(crate) fn has(&self, requirement: &Requirement) -> bool {
        self.state.has(requirement)
    }

    /// The wall clock.
    pub(crate) fn wall_clock(&self) -> std::time::SystemTime {
        self.executor.now().at
    }

    /// How long ago it was made.
    pub(crate) fn age(&self) -> Duration {
        self.executor.now().instant.duration_since(self.made)
    }

    /// Polls what is no run, until it ends or the engine is dropped.
    pub(crate) fn plan(&self, plan: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        self.executor.plan(plan)
    }

    /// Asks all checks of a probe at once. Arguments are made and runs are started before this
    /// returns; what it returns waits, and is counted.
    pub(crate) fn probe(
        self: &Arc<Self>,
        probe: Probe,
        said: Option<Phase>,
        caller: Caller<'_>,
    ) -> impl Future<Output = Report> + Send + 'static + use<> {
        let asked = self.executor.now();
        let report = self.report(probe, said, caller, asked);
        let answers = Arc::clone(&self.answers);
        async move {
            let report = report.await;
            answers.count(probe, report.status(), asked.instant.elapsed());
            report
        }
    }

    fn report(
        self: &Arc<Self>,
        probe: Probe,
        said: Option<Phase>,
        caller: Caller<'_>,
        asked: Asked,
    ) -> impl Future<Output = Report> + Send + 'static + use<> {
        // Before anything is looked at.
        let changes = self.lifecycle.changes.so_far();
        let asked = said.is_none().then(|| {
            let inquiry = self.inquiry_at(asked, caller);
            let (asking, gates, brought) = inquiry.ask_probe(probe);
            let may_last = self.may_last(probe, caller);
            let has_prerequisites = inquiry.roster.has_prerequisites();
            let may_last = may_last.then_some((has_prerequisites, brought));
            (asking.start(), gates, may_last)
        });
        let lifecycle = Arc::clone(&self.lifecycle);
        async move {
            let Some((pending, gates, may_last)) = asked else {
                return Report::new(
                    probe,
                    said.unwrap_or(Phase::Started),
                    Vec::new(),
                    Vec::new(),
                );
            };
            let entries = pending.entries().await;
            let closed = match probe {
                Probe::Liveness => Vec::new(),
                Probe::Readiness | Probe::Startup => lifecycle.gates.closed(),
            };
            let phase = phase_of_start(&closed, &gates);
            let report = Report::new(probe, phase, closed, entries);
            match may_last {
                Some((has_prerequisites, brought)) => {
                    report.lasting_since(changes, has_prerequisites, brought)
                }
                None => report,
            }
        }
    }

    /// Whether what is found may be told to others, as far as that is not up to the checks.
    fn may_last(&self, probe: Probe, caller: Caller<'_>) -> bool {
        let is_on_a_path = caller.path().is_some_and(|path| !path.is_empty());
        let is_said = || probe == Probe::Readiness && self.lifecycle.said().is_some();
        !is_on_a_path && self.lifecycle.overrides.are_none() && !is_said()
    }

    /// Whether a report is still what this caller is told. If so, that is counted as an answer.
    pub(crate) fn tell_again(&self, lasting: &Lasting, caller: Caller<'_>) -> bool {
        let holds = lasting.holds(&self.lifecycle.changes, Instant::now)
            && lasting.is_for(&Context::new(&self.state, caller));
        if holds {
            self.answers
                .count_at_once(lasting.probe(), lasting.status());
        }
        holds
    }

    /// Asks one check, whatever the lifecycle.
    pub(crate) fn check(
        self: &Arc<Self>,
        name: &str,
        caller: Caller<'_>,
    ) -> Option<impl Future<Output = Entry> + Send + 'static + use<>> {
        let named = |slot: &Slot| slot.check().name() == name;
        let pending = self.inquiry(caller).ask_each(named)?.start();
        Some(async move { pending.entries().await.remove(0) })
    }

    /// Asks the checks with this tag, whatever the lifecycle.
    pub(crate) fn group(
        self: &Arc<Self>,
        tag: &str,
        caller: Caller<'_>,
    ) -> Option<impl Future<Output = GroupReport> + Send + 'static + use<>> {
        let tagged = |slot: &Slot| slot.check().tags().any(|own| own == tag);
        let pending = self.inquiry(caller).ask_each(tagged)?.start();
        let tag = tag.to_owned();
        Some(async move { GroupReport::new(tag, pending.entries().await) })
    }

    fn inquiry<'a>(self: &'a Arc<Self>, caller: Caller<'a>) -> Inquiry<'a> {
        self.inquiry_at(self.executor.now(), caller)
    }

    fn inquiry_at<'a>(self: &'a Arc<Self>, asked: Asked, caller: Caller<'a>) -> Inquiry<'a> {
        Inquiry {
            engine: self,
            roster: self.roster(),
            caller,
            asked,
            runs: true,
            starts_early: true,
        }
    }

    /// What is remembered of a check, for this caller.
    pub(crate) fn history(&self, name: &str, caller: Caller<'_>) -> Option<History> {
        let roster = self.roster();
        let slot = &roster.slots()[roster.find(name)?];
        let now = self.executor.now();
        slot.instance_for(Context::new(&self.state, caller), now)
            .map(|instance| instance.history(now))
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.roster().find(name).is_some()
    }

    /// A run for the schedule, or the one under way; when that was. None is made while a
    /// prerequisite fails. Nothing if the slot has retired.
    fn tick(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        instance: &Instance,
        batch: &Arc<Batch>,
    ) -> Option<Instant> {
        let inquiry = self.inquiry(Caller::nobody());
        let index = inquiry.roster.place_of(slot)?;
        if !inquiry.is_kept_from_running(index) {
            self.run_scheduled(instance, batch, inquiry.asked);
        }
        batch.settle();
        Some(inquiry.asked.instant)
    }

    fn run_scheduled(&self, instance: &Instance, batch: &Arc<Batch>, asked: Asked) {
        let hint = |check: &str| self.why_starved(check);
        let question = Question {
            asked,
            probe: None,
            path: None,
            batch,
            hint: &hint,
        };
        if let Answer::Start(run) = instance.ask(question) {
            let job = self.job(instance, run, Caller::nobody(), asked, None);
            self.start_jobs(job.into_iter().collect());
        }
    }

    /// Starts runs. They count as one change, before any of them begins: until a run has ended, no
    /// report of its check lasts, so its end is none.
    fn start_jobs(&self, jobs: Vec<Job>) {
        if !jobs.is_empty() {
            self.teller.count_change();
            self.executor.start(jobs);
        }
    }

    fn why_starved(&self, check: &str) -> Option<Why> {
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

impl Drop for Engine {
    /// What hangs may go on, but nobody can hear of it any more.
    fn drop(&mut self) {
        self.lifecycle.timeline.end();
    }
}

/// Whether the process has started, by its startup gates and its critical startup checks.
fn phase_of_start(closed: &[ClosedGate], gates: &[Gate]) -> Phase {
    if closed.is_empty() && gates.iter().all(Gate::is_open) {
        Phase::Started
    } else {
        Phase::Starting
    }
}

/// Whether nothing is ready before this check has passed.
fn gate_of_readiness(check: &Check) -> bool {
    check.probes().contains(Probe::Startup) && check.is_critical_for(Probe::Startup)
}
