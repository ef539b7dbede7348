//! Asks checks, at most one run of each at a time, and answers in time.

mod batch;
mod executor;
mod flight;
mod pending;
mod run;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::executor::Executor;
pub use self::executor::Runtime;
use self::flight::{Answer, Instance};
use self::pending::Asking;
use self::run::{Job, Run};
use crate::bind::{Binder, Work};
use crate::context::{Caller, Context, Requirement, StateMap};
use crate::observe::Told;
use crate::sample::{Asked, Sample};
use crate::sync::{discard, guarded, lock};
use crate::{Check, Entry, Phase, Probe, Reason, Report};

/// All checks of a registry with their instances.
#[derive(Debug)]
pub(crate) struct Engine {
    slots: Vec<Slot>,
    state: StateMap,
    executor: Executor,
    /// How long a whole probe may take.
    deadline: Duration,
}

/// A check and its instances.
#[derive(Debug)]
struct Slot {
    check: Arc<Check>,
    instances: Instances,
    /// What was told of callers for whom it cannot be bound: they have no instance.
    unbound: Mutex<Told>,
}

#[derive(Debug)]
enum Instances {
    /// Every caller gets the same arguments.
    One(Arc<Instance>),
    /// Callers may bring arguments of their own: one for each set of them.
    PerCaller(Mutex<Vec<Arc<Instance>>>),
}

/// A slot as one caller sees it.
struct Target<'a> {
    check: &'a Arc<Check>,
    bound: Result<(Arc<Instance>, Option<Work>), Arc<Sample>>,
}

impl Engine {
    pub(crate) fn new(
        checks: Vec<Arc<Check>>,
        state: StateMap,
        runtime: Runtime,
        deadline: Duration,
    ) -> Self {
        Self {
            slots: checks.into_iter().map(Slot::new).collect(),
            state,
            executor: Executor::new(runtime),
            deadline,
        }
    }

    pub(crate) fn checks(&self) -> impl ExactSizeIterator<Item = &Arc<Check>> {
        self.slots.iter().map(|slot| &slot.check)
    }

    /// The longest that a probe may take: the longest timeout among its checks or the deadline,
    /// whichever is less.
    pub(crate) fn longest(&self, probe: Probe) -> Duration {
        let serving = self.checks().filter(|check| check.concerns(probe));
        let longest = serving.map(|check| check.timeout()).max();
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

    /// Asks all checks of a probe at once. Arguments are made and runs are started before this
    /// returns; what it returns waits.
    pub(crate) fn probe(
        self: &Arc<Self>,
        probe: Probe,
        said: Option<Phase>,
        caller: Caller<'_>,
    ) -> impl Future<Output = Report> + Send + 'static + use<> {
        let asked = self.executor.now();
        let cx = Context::new(&self.state, caller);
        let mut asking = Asking::new(Arc::clone(self), asked);
        let mut gates = Vec::new();

        if said.is_none() {
            let mut targets = self.targets(probe, cx, asked);
            gates = targets.iter().filter_map(Target::gate).collect();
            if probe == Probe::Readiness {
                let starting = gates.iter().any(|gate| !gate.is_open());
                let (concerned, rest) = targets
                    .into_iter()
                    .partition(|target| target.belongs_to_readiness(starting));
                targets = concerned;
                discard::<Vec<_>>(rest);
            }
            for target in targets {
                self.ask(target, probe, asked, &mut asking);
            }
        }
        let pending = asking.start();
        async move {
            let entries = pending.entries().await;
            let phase = said.unwrap_or_else(|| phase(&gates));
            Report::new(probe, phase, entries)
        }
    }

    /// Asks one check, whatever the lifecycle.
    pub(crate) fn check(
        self: &Arc<Self>,
        name: &str,
        caller: Caller<'_>,
    ) -> Option<impl Future<Output = Entry> + Send + 'static + use<>> {
        let slot = self.slots.iter().find(|slot| slot.check.name() == name)?;
        let asked = self.executor.now();
        let mut asking = Asking::new(Arc::clone(self), asked);
        let probe = own_probe(&slot.check);
        let target = self.target(slot, Context::new(&self.state, caller), asked);
        self.ask(target, probe, asked, &mut asking);
        let pending = asking.start();
        Some(async move { pending.entries().await.remove(0) })
    }

    /// The checks that a probe may have to ask, bound for the caller. For readiness these are
    /// the startup checks too.
    fn targets(&self, probe: Probe, cx: Context<'_>, asked: Asked) -> Vec<Target<'_>> {
        let concerned = self.slots.iter().filter(|slot| slot.check.concerns(probe));
        concerned.map(|slot| self.target(slot, cx, asked)).collect()
    }

    fn target<'a>(&self, slot: &'a Slot, cx: Context<'_>, asked: Asked) -> Target<'a> {
        let check = &slot.check;
        let bound = match &slot.instances {
            Instances::One(instance) => Ok((Arc::clone(instance), None)),
            Instances::PerCaller(instances) => bind(check, cx, asked)
                .map(|(work, binder)| (find_instance(check, instances, binder), Some(work)))
                .inspect_err(|sample| slot.tell_unbound(sample, asked)),
        };
        Target { check, bound }
    }

    fn ask(&self, target: Target<'_>, probe: Probe, asked: Asked, asking: &mut Asking) {
        let check = target.check;
        let (instance, work) = match target.bound {
            Ok(bound) => bound,
            Err(sample) => return asking.know(check, sample),
        };
        // A startup check that has passed is never asked again.
        let latched = if probe == Probe::Startup || !check.probes().contains(probe) {
            instance.passed()
        } else {
            None
        };
        if let Some(sample) = latched {
            discard(work);
            return asking.know(check, sample);
        }
        let hint = |check: &str| self.executor.why_starved(check);
        match instance.ask(asked, check.cache(probe), asking.batch(), &hint) {
            Answer::Known(sample) => {
                discard(work);
                asking.know(check, sample);
            }
            Answer::Joined(run) => {
                discard(work);
                asking.wait_for(instance, run);
            }
            Answer::Start(run) => {
                let duty = Run::new(Arc::clone(&instance), run, asked);
                asking.wait_for(instance, run);
                let cx = Context::new(&self.state, Caller::nobody());
                match work.map_or_else(|| bind(check, cx, asked).map(|(work, _)| work), Ok) {
                    Ok(work) => asking.run(Job::new(duty, work)),
                    Err(sample) => duty.refuse(sample),
                }
            }
        }
    }
}

impl Slot {
    fn new(check: Arc<Check>) -> Self {
        let requirements = check.requirements().unwrap_or_default();
        let per_caller = requirements.iter().any(|(r, _)| r.from_caller);
        let instances = if per_caller {
            Instances::PerCaller(Mutex::default())
        } else {
            Instances::One(Arc::new(Instance::new(Arc::clone(&check), Vec::new())))
        };
        Self {
            check,
            instances,
            unbound: Mutex::default(),
        }
    }

    /// Tells why a caller gets no result; once, not at every probe.
    fn tell_unbound(&self, sample: &Arc<Sample>, asked: Asked) {
        let event = lock(&self.unbound).hear(sample, asked.instant);
        if let Some(event) = event {
            event.log(&self.check);
        }
    }
}

/// The probe as which a check is asked for itself: the one whose results are kept longest. Only a
/// check that serves nothing but startup is asked as that, since what has started is latched.
fn own_probe(check: &Check) -> Probe {
    let lasting = check
        .probes()
        .iter()
        .filter(|probe| *probe != Probe::Startup);
    lasting
        .max_by_key(|probe| check.cache(*probe))
        .unwrap_or(Probe::Startup)
}

/// Makes the arguments and the work, on the caller's thread.
fn bind<'a>(
    check: &Check,
    cx: Context<'a>,
    asked: Asked,
) -> Result<(Work, Binder<'a>), Arc<Sample>> {
    let mut binder = Binder::new(cx);
    match guarded(|| check.bind(&mut binder)) {
        Ok(Some(work)) => Ok((work, binder)),
        Ok(None) => {
            let missing = binder.missing.unwrap_or("an argument");
            let message = format!("`{missing}` is not initialised");
            Err(asked.failed(Reason::NotInitialised, message))
        }
        Err(panic) => Err(Arc::new(Sample::panicked(&panic, asked))),
    }
}

/// The instance of what was bound. Those whose things are gone make room for new ones.
fn find_instance(
    check: &Arc<Check>,
    instances: &Mutex<Vec<Arc<Instance>>>,
    binder: Binder<'_>,
) -> Arc<Instance> {
    let mut instances = lock(instances);
    if let Some(known) = instances.iter().find(|i| i.is_bound_to(&binder.identities)) {
        return Arc::clone(known);
    }
    instances.retain(|instance| instance.is_alive());
    let new = Arc::new(Instance::new(Arc::clone(check), binder.identities));
    instances.push(Arc::clone(&new));
    new
}

impl Target<'_> {
    /// The gate before readiness, if this is a critical startup check.
    fn gate(&self) -> Option<Gate> {
        let gates = self.check.is_critical() && self.check.probes().contains(Probe::Startup);
        gates.then(|| {
            Gate(
                self.bound
                    .as_ref()
                    .ok()
                    .map(|(instance, _)| Arc::clone(instance)),
            )
        })
    }

    /// Readiness asks its own checks, and while the process starts also the startup checks that
    /// have not passed.
    fn belongs_to_readiness(&self, starting: bool) -> bool {
        let outstanding = || match &self.bound {
            Ok((instance, _)) => instance.passed().is_none(),
            Err(_) => true,
        };
        self.check.probes().contains(Probe::Readiness) || starting && outstanding()
    }
}

/// A critical startup check: nothing is ready before it has passed once. Without an instance it
/// cannot pass for this caller.
struct Gate(Option<Arc<Instance>>);

impl Gate {
    fn is_open(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|instance| instance.passed().is_some())
    }
}

fn phase(gates: &[Gate]) -> Phase {
    if gates.iter().all(Gate::is_open) {
        Phase::Started
    } else {
        Phase::Starting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Identity;

    #[test]
    fn instances_of_things_that_are_gone_make_room() {
        let check = Arc::new(Check::new("short_lived", async || ()));
        let instances = Mutex::default();
        let state = StateMap::default();
        let find = |thing: &Arc<u32>| {
            let mut binder = Binder::new(Context::new(&state, Caller::nobody()));
            binder.identities.push(Some(Identity::of(thing)));
            find_instance(&check, &instances, binder)
        };
        let lasting = Arc::new(0);
        let first = find(&lasting);
        for number in 1..100 {
            find(&Arc::new(number));
        }
        assert!(
            Arc::ptr_eq(&first, &find(&lasting)),
            "what is still there is found again"
        );
        assert_eq!(lock(&instances).len(), 2, "it, and the last that is gone");
    }
}
