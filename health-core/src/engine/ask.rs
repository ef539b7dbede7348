//! From a probe to the checks that it asks: which of them, and which of these are run.

use std::sync::Arc;

use super::Engine;
use super::causes::Known;
use super::instance::{Answer, Instance, Question, RunId};
use super::pending::Asking;
use super::run::{Job, Run};
use super::target::{Gate, Target, bind, own_probe};
use crate::bind::Work;
use crate::context::{Caller, Context};
use crate::finding::Finding;
use crate::overrides::Override;
use crate::sample::{Asked, Sample};
use crate::sync::discard;
use crate::{Entry, Probe, Reason};

impl Engine {
    /// Asks the checks of a probe; returns what has to pass before readiness.
    pub(super) fn ask_probe(
        &self,
        probe: Probe,
        caller: Caller<'_>,
        asking: &mut Asking,
    ) -> Vec<Gate> {
        let cx = Context::new(&self.state, caller);
        let mut gates = Vec::new();
        let targets = self.targets(probe, cx, asking.asked());
        let targets = targets.inspect(|target| gates.extend(target.gate()));
        if !self.has_prerequisites && !self.readiness_asks_others {
            targets.for_each(|target| self.ask(target, asking));
            return gates;
        }
        let targets: Vec<_> = targets.collect();
        let starting = gates.iter().any(|gate| !gate.is_open());
        let (concerned, rest) = targets
            .into_iter()
            .partition(|target| target.role == probe || target.is_outstanding(starting));
        discard::<Vec<_>>(rest);
        self.ask_all(concerned, caller, asking);
        gates
    }

    /// The checks that a probe may have to ask, bound for the caller. For readiness these are
    /// the startup checks too.
    pub(super) fn targets(
        &self,
        probe: Probe,
        cx: Context<'_>,
        asked: Asked,
    ) -> impl Iterator<Item = Target> {
        let mut overrides = self.lifecycle.overrides.in_force(asked.at);
        let concerned = self.slots.iter().enumerate();
        let concerned = concerned.filter(move |(_, slot)| slot.check.concerns(probe));
        concerned.map(move |(index, slot)| {
            let mut target = self.target(index, cx, asked);
            target.role = slot.check.role(probe);
            target.forced = overrides.remove(slot.check.name()).map(Box::new);
            target
        })
    }

    /// The checks with this tag, bound for the caller, each to be asked for itself.
    pub(super) fn members(&self, tag: &str, cx: Context<'_>, asked: Asked) -> Vec<Target> {
        let mut overrides = self.lifecycle.overrides.in_force(asked.at);
        let members = self.slots.iter().enumerate();
        let members = members.filter(|(_, slot)| slot.check.tags().any(|own| own == tag));
        let members = members.map(|(index, slot)| {
            let mut target = self.target(index, cx, asked);
            target.forced = overrides.remove(slot.check.name()).map(Box::new);
            target
        });
        members.collect()
    }

    pub(super) fn target(&self, index: usize, cx: Context<'_>, asked: Asked) -> Target {
        let slot = &self.slots[index];
        Target {
            index,
            check: Arc::clone(&slot.check),
            role: own_probe(&slot.check),
            bound: slot.bound(cx, asked),
            forced: None,
            cause: None,
        }
    }

    pub(super) fn forced(&self, asked: Asked, name: &str) -> Option<Box<Override>> {
        let mut overrides = self.lifecycle.overrides.in_force(asked.at);
        overrides.remove(name).map(Box::new)
    }

    /// Asks those that are not kept from running by a prerequisite.
    pub(super) fn ask_all(&self, targets: Vec<Target>, caller: Caller<'_>, asking: &mut Asking) {
        if !self.has_prerequisites {
            for target in targets {
                self.ask(target, asking);
            }
            return;
        }
        let indices = targets.iter().map(|target| target.index);
        let causes = self.causes(&targets, indices, caller, asking.asked());
        for target in targets {
            match causes[target.index] {
                Some(cause) => self.ask_without_running(target, cause, asking),
                None => self.ask(target, asking),
            }
        }
    }

    /// For each of these checks the prerequisite that keeps it from running, by its place.
    pub(super) fn causes(
        &self,
        targets: &[Target],
        checks: impl Iterator<Item = usize>,
        caller: Caller<'_>,
        asked: Asked,
    ) -> Vec<Option<usize>> {
        self.prerequisites.root_causes(checks, |index| {
            let place = targets.binary_search_by_key(&index, |target| target.index);
            if let Ok(place) = place {
                return self.known(&targets[place], asked);
            }
            let mut other = self.target(index, Context::new(&self.state, caller), asked);
            other.forced = self.forced(asked, other.check.name());
            self.known(&other, asked)
        })
    }

    /// What a fresh result says.
    fn known(&self, target: &Target, asked: Asked) -> Known {
        let passes = match (&target.forced, &target.bound) {
            (Some(forced), _) => Some(forced.status().is_passing()),
            (None, Ok((instance, _))) => self
                .peek(instance, target, asked)
                .map(|finding| finding.status(target.role).is_passing()),
            (None, Err(_)) => Some(false),
        };
        match passes {
            Some(true) => Known::Passes,
            Some(false) => Known::Fails,
            None => Known::Nothing,
        }
    }

    /// What is known without a run, and fresh.
    fn peek(&self, instance: &Instance, target: &Target, asked: Asked) -> Option<Finding> {
        let hint = |check: &str| self.why_starved(check);
        let latched = target.latched(instance);
        let known = latched.or_else(|| instance.peek(asked, target.role, &hint));
        known.filter(|finding| finding.sample.reason != Some(Reason::Stale))
    }

    /// Asks a check with a prerequisite that fails: what is known of it is the answer, but it is
    /// skipped rather than run.
    fn ask_without_running(&self, mut target: Target, cause: usize, asking: &mut Asking) {
        let known = match &target.bound {
            Ok((instance, _)) if target.forced.is_none() => {
                self.peek(instance, &target, asking.asked())
            }
            _ => return self.ask(target, asking),
        };
        let cause = Arc::clone(&self.slots[cause].check);
        let finding = known.unwrap_or_else(|| {
            let message = format!("skipped, because `{}` is unhealthy", cause.name());
            target.said(asking.asked().failed(Reason::Skipped, message))
        });
        if !finding.status(target.role).is_passing() {
            target.cause = Some(cause);
        }
        asking.know(target, finding);
    }

    fn ask(&self, mut target: Target, asking: &mut Asking) {
        let asked = asking.asked();
        if let Some(forced) = target.forced.take() {
            let message = format!("overridden: {}", forced.reason());
            let sample = Sample::said(asked, forced.status(), Reason::Overridden, message);
            let finding = target.said(sample);
            return asking.know(target, finding);
        }
        let instance = match &target.bound {
            Ok((instance, _)) => Arc::clone(instance),
            Err(finding) => {
                let finding = Arc::clone(finding);
                return asking.know(target, finding);
            }
        };
        if let Some(finding) = target.latched(&instance) {
            return asking.know(target, finding);
        }
        let hint = |check: &str| self.why_starved(check);
        let question = Question {
            asked,
            probe: Some(target.role),
            batch: asking.batch(),
            hint: &hint,
        };
        match instance.ask(question) {
            Answer::Known(finding) => asking.know(target, finding),
            Answer::Joined(run) => asking.wait_for(&target, instance, run),
            Answer::Start(run) => {
                asking.wait_for(&target, Arc::clone(&instance), run);
                let work = target.bound.ok().and_then(|(_, mut work)| work.take());
                if let Some(job) = self.job(&instance, run, asked, work) {
                    asking.run(job);
                }
            }
        }
    }

    /// The job of a run that is to be started; none if its arguments cannot be made, which ends it.
    pub(super) fn job(
        &self,
        instance: &Arc<Instance>,
        run: RunId,
        asked: Asked,
        work: Option<Work>,
    ) -> Option<Job> {
        let duty = Run::new(Arc::clone(instance), run, asked);
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

    /// Says which failure is the cause of which, now that all are known. `indices` are the places
    /// of the entries' checks.
    pub(super) fn attribute(&self, indices: &[usize], entries: &mut [Entry]) {
        let mut known = vec![Known::Nothing; self.slots.len()];
        for (index, entry) in indices.iter().zip(entries.iter()) {
            known[*index] = if entry.status().is_passing() {
                Known::Passes
            } else {
                Known::Fails
            };
        }
        let failing = indices.iter().copied();
        let causes = self
            .prerequisites
            .root_causes(failing, |index| known[index]);
        for (index, entry) in indices.iter().zip(entries) {
            let cause = causes[*index].filter(|_| known[*index] == Known::Fails);
            if let Some(cause) = cause {
                entry.set_cause(Arc::clone(&self.slots[cause].check));
            }
        }
    }
}
