//! From a probe to the checks that it asks: which of them, and which of these are run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::causes::Known;
use super::instance::{Answer, Instance, Question, RunId};
use super::pending::{AT_ONCE, Asking};
use super::roster::Roster;
use super::run::{Job, Run};
use super::slot::{Slot, bind};
use super::target::{Gate, Target, own_probe};
use super::why::skipped;
use crate::bind::{Brought, Work};
use crate::context::{Caller, Context};
use crate::finding::Finding;
use crate::overrides::Override;
use crate::sample::{Asked, Sample};
use crate::sync::discard;
use crate::{Check, Outcome, Probe, Reason};

/// What somebody asks of the checks as they are at that moment.
pub(super) struct Inquiry<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) roster: Arc<Roster>,
    pub(super) caller: Caller<'a>,
    pub(super) asked: Asked,
    /// Whether checks are run, or what is known of them will do.
    pub(super) runs: bool,
    /// Whether some may run while the rest is asked. Not where a check is asked more than once: what is
    /// not kept would run again.
    pub(super) starts_early: bool,
}

impl Inquiry<'_> {
    /// Asks the checks of a probe; returns what has to pass before readiness, and what the caller has
    /// brought for any of them, each thing once.
    pub(super) fn ask_probe(&self, probe: Probe) -> (Asking, Vec<Gate>, Vec<Brought>) {
        let mut asking = self.asking(self.roster.slots().len());
        let mut gates = Vec::new();
        let mut brought = Vec::new();
        let concerned = |slot: &Slot| slot.check().concerns(probe);
        let targets = self.targets(concerned, |check| check.role(probe));
        let targets = targets.inspect(|target| {
            gates.extend(target.gate());
            for thing in target.brought() {
                if !brought.contains(thing) {
                    brought.push(thing.clone());
                }
            }
        });
        if !self.roster.has_prerequisites() && !self.roster.readiness_asks_others() {
            targets.for_each(|target| self.ask(target, &mut asking));
            return (asking, gates, brought);
        }
        let targets: Vec<_> = targets.collect();
        let starting = gates.iter().any(|gate| !gate.is_open());
        let (concerned, rest) = targets
            .into_iter()
            .partition(|target| target.role == probe || target.is_outstanding(starting));
        discard::<Vec<_>>(rest);
        self.ask_all(concerned, &mut asking);
        (asking, gates, brought)
    }

    /// Asks each of these checks for itself; nothing if there are none.
    pub(super) fn ask_each(&self, wanted: impl Fn(&Slot) -> bool) -> Option<Asking> {
        let targets: Vec<_> = self.targets(wanted, own_probe).collect();
        if targets.is_empty() {
            return None;
        }
        let mut asking = self.asking(targets.len());
        self.ask_all(targets, &mut asking);
        Some(asking)
    }

    fn asking(&self, checks: usize) -> Asking {
        let at_once = if self.starts_early {
            AT_ONCE
        } else {
            usize::MAX
        };
        Asking::new(self.engine, &self.roster, self.asked, checks, at_once)
    }

    /// These checks, bound for the caller, each to be asked as what it is here.
    fn targets(
        &self,
        wanted: impl Fn(&Slot) -> bool,
        role: impl Fn(&Check) -> Probe,
    ) -> impl Iterator<Item = Target> {
        let mut overrides = self.overrides();
        let slots = self.roster.slots().iter().enumerate();
        let wanted = slots.filter(move |(_, slot)| wanted(slot));
        wanted.map(move |(index, slot)| {
            let forced = overrides.remove(slot.check().name());
            self.target(index, role(slot.check()), forced)
        })
    }

    /// What is forced on a check that is disabled has no effect.
    fn target(&self, index: usize, role: Probe, forced: Option<Override>) -> Target {
        let slot = &self.roster.slots()[index];
        let cx = Context::new(&self.engine.state, self.caller);
        Target {
            index,
            check: Arc::clone(slot.check()),
            role,
            bound: slot.bound(cx, self.asked, self.runs),
            forced: forced.filter(|_| !slot.is_disabled()).map(Box::new),
            cause: None,
        }
    }

    fn overrides(&self) -> BTreeMap<String, Override> {
        self.engine.lifecycle.overrides.in_force(self.asked.at)
    }

    /// Asks those that are not kept from running by a prerequisite.
    fn ask_all(&self, targets: Vec<Target>, asking: &mut Asking) {
        if !self.roster.has_prerequisites() {
            for target in targets {
                self.ask(target, asking);
            }
            return;
        }
        let indices = targets.iter().map(|target| target.index);
        let causes = self.causes(&targets, indices);
        for target in targets {
            match causes[target.index] {
                Some(cause) => self.ask_without_running(target, cause, asking),
                None => self.ask(target, asking),
            }
        }
    }

    /// Whether a prerequisite keeps a check from running.
    pub(super) fn is_kept_from_running(&self, index: usize) -> bool {
        self.roster.has_prerequisites() && self.causes(&[], [index].into_iter())[index].is_some()
    }

    /// For each of these checks the prerequisite that keeps it from running, by its place.
    fn causes(
        &self,
        targets: &[Target],
        checks: impl Iterator<Item = usize>,
    ) -> Vec<Option<usize>> {
        self.roster.prerequisites().root_causes(checks, |index| {
            let place = targets.binary_search_by_key(&index, |target| target.index);
            if let Ok(place) = place {
                return self.known(&targets[place]);
            }
            let check = self.roster.slots()[index].check();
            let forced = self.overrides().remove(check.name());
            self.known(&self.target(index, own_probe(check), forced))
        })
    }

    /// What a fresh result says.
    fn known(&self, target: &Target) -> Known {
        let passes = match (&target.forced, &target.bound) {
            (Some(forced), _) => Some(forced.status().is_passing()),
            (None, Ok((instance, _))) => self
                .peek(instance, target)
                .map(|finding| finding.status(target.role).is_passing()),
            (None, Err(said)) => Some(said.status(target.role).is_passing()),
        };
        match passes {
            Some(true) => Known::Passes,
            Some(false) => Known::Fails,
            None => Known::Nothing,
        }
    }

    /// What is known without a run, and fresh.
    fn peek(&self, instance: &Instance, target: &Target) -> Option<Finding> {
        let hint = |check: &str| self.engine.why_starved(check);
        let latched = target.latched(instance);
        let known = latched.or_else(|| instance.peek(self.asked, target.role, &hint));
        known.filter(|finding| finding.sample.reason != Some(Reason::Stale))
    }

    /// Asks a check with a prerequisite that fails: what is known of it is the answer, but it is
    /// skipped rather than run.
    fn ask_without_running(&self, mut target: Target, cause: usize, asking: &mut Asking) {
        let known = match &target.bound {
            Ok((instance, _)) if target.forced.is_none() => self.peek(instance, &target),
            _ => return self.ask(target, asking),
        };
        let cause = Arc::clone(self.roster.slots()[cause].check());
        let finding = known.unwrap_or_else(|| target.said(skipped(self.asked, &cause)));
        if !finding.status(target.role).is_passing() {
            target.cause = Some(cause);
        }
        asking.know(target, finding);
    }

    fn ask(&self, mut target: Target, asking: &mut Asking) {
        let asked = self.asked;
        if let Some(forced) = target.forced.take() {
            let message = format!("overridden: {}", forced.reason());
            let sample = Sample::said(asked, forced.status(), Reason::Overridden, message);
            let finding = target.said(sample);
            return asking.know(target, finding);
        }
        let instance = match &target.bound {
            Ok((instance, _)) => instance,
            Err(finding) => {
                let finding = Arc::clone(finding);
                return asking.know(target, finding);
            }
        };
        if let Some(finding) = target.latched(instance) {
            return asking.know(target, finding);
        }
        if let Some(finding) = self.cut(&target, instance) {
            return asking.know(target, finding);
        }
        let hint = |check: &str| self.engine.why_starved(check);
        if !self.runs {
            let finding = instance.glance(asked, target.role, &hint);
            return asking.know(target, finding);
        }
        let question = Question {
            asked,
            probe: Some(target.role),
            path: self.caller.path(),
            batch: asking.batch(),
            hint: &hint,
        };
        let asked_as = (target.index, target.role);
        match instance.ask(question) {
            Answer::Known(finding) => asking.know(target, finding),
            Answer::Joined(run) => asking.wait_for(asked_as, instance.clone(), run),
            Answer::PassedBy(last) => {
                let unknown = || instance.said_aside(not_waited_for(asked));
                let finding = last.unwrap_or_else(unknown);
                asking.know(target, finding);
            }
            Answer::Start(run) => {
                let Ok((instance, mut work)) = target.bound else {
                    return;
                };
                let work = work.take();
                let job = self.engine.job(&instance, run, self.caller, asked, work);
                job.into_iter().for_each(|job| asking.run(job));
                asking.wait_for(asked_as, instance, run);
            }
        }
    }
}

impl Inquiry<'_> {
    /// What is said to who waits, by way of other services, for this very check; or has come a
    /// longer way than anybody should, to ask others again. What is no id of ours is a stranger's
    /// word: no warning for that.
    fn cut(&self, target: &Target, instance: &Instance) -> Option<Finding> {
        let path = self.caller.path()?;
        let (check, station) = (instance.check(), instance.station());
        if station.is_on(path) {
            warn_of_loop(instance);
            return Some(instance.said_aside(own_question(self.asked)));
        }
        let hint = |check: &str| self.engine.why_starved(check);
        let is_cut = path.is_too_long() && station.asks_others(check.asks_health);
        is_cut.then(|| instance.glance(self.asked, target.role, &hint))
    }
}

fn warn_of_loop(instance: &Instance) {
    if instance.station().warns() {
        tracing::warn!(
            target: "health",
            check = instance.check().name(),
            "check `{}` ({}) asks a service that asks for it in turn: let one of them ask \
             for something that does not depend on the other",
            instance.check().name(),
            instance.check().location()
        );
    }
}

fn own_question(asked: Asked) -> Sample {
    degraded("probe loop: it is asked by way of itself", asked)
}

fn not_waited_for(asked: Asked) -> Sample {
    degraded(
        "not waited for: it asks other services, and has no result yet",
        asked,
    )
}

fn degraded(message: &'static str, asked: Asked) -> Sample {
    Sample::of(Outcome::degraded(message), asked, Duration::ZERO)
}

impl Engine {
    /// The job of a run that is to be started; none if its arguments cannot be made, which ends it.
    pub(super) fn job(
        &self,
        instance: &Instance,
        run: RunId,
        caller: Caller<'_>,
        asked: Asked,
        work: Option<Work>,
    ) -> Option<Job> {
        let path = caller.path().cloned().unwrap_or_default();
        let duty = Run::new(instance.clone(), run, asked, path);
        let bind = || {
            let cx = Context::new(&self.state, Caller::nobody());
            bind(instance.check(), cx, asked).map(|(work, _)| work)
        };
        match work.map_or_else(bind, Ok) {
            Ok(work) => Some(Job::new(duty, work)),
            Err(sample) => {
                duty.refuse(*sample);
                None
            }
        }
    }
}
