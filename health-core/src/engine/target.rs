//! A check as one caller sees it.

use std::sync::Arc;

use super::gate_of_readiness;
use super::instance::Instance;
use crate::bind::{Binder, Work};
use crate::context::Context;
use crate::finding::{Finding, Found};
use crate::observe::Teller;
use crate::overrides::Override;
use crate::sample::{Asked, Sample};
use crate::sync::{Mutex, discard, guarded, lock};
use crate::told::Told;
use crate::{Check, Probe, Reason};

/// A check and its instances.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) check: Arc<Check>,
    instances: Instances,
    teller: Arc<Teller>,
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

/// The instance of what a caller brings, and the work if it had to be made to find that out; or
/// why there is none.
pub(super) type Bound = Result<(Arc<Instance>, Prepared), Finding>;

/// Work that is perhaps not needed. The user's things are in it, whose Drop may panic.
pub(super) struct Prepared(Option<Work>);

impl Prepared {
    pub(super) fn take(&mut self) -> Option<Work> {
        self.0.take()
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if self.0.is_some() {
            discard(self.0.take());
        }
    }
}

impl Slot {
    pub(super) fn new(check: Arc<Check>, teller: &Arc<Teller>) -> Self {
        let requirements = check.requirements().unwrap_or_default();
        let per_caller = requirements.iter().any(|(r, _)| r.from_caller);
        let instances = if per_caller {
            Instances::PerCaller(Mutex::default())
        } else {
            let instance = Instance::new(Arc::clone(&check), Vec::new(), Arc::clone(teller));
            Instances::One(Arc::new(instance))
        };
        Self {
            check,
            instances,
            teller: Arc::clone(teller),
            unbound: Mutex::new(teller.told()),
        }
    }

    pub(super) fn bound(&self, cx: Context<'_>, asked: Asked) -> Bound {
        let instances = match &self.instances {
            Instances::One(instance) => return Ok((Arc::clone(instance), Prepared(None))),
            Instances::PerCaller(instances) => instances,
        };
        match bind(&self.check, cx, asked) {
            Ok((work, binder)) => Ok((self.find_instance(instances, binder), Prepared(Some(work)))),
            Err(sample) => Err(self.tell_unbound(Found::alone(*sample), asked)),
        }
    }

    /// The instance of this caller, or else the only one that there is.
    pub(super) fn instance_for(&self, cx: Context<'_>, asked: Asked) -> Option<Arc<Instance>> {
        let Instances::PerCaller(instances) = &self.instances else {
            return self.bound(cx, asked).ok().map(|(instance, _)| instance);
        };
        let binder = bind(&self.check, cx, asked).map(|(work, binder)| {
            discard(work);
            binder
        });
        let instances = lock(instances);
        let own = |instance: &&Arc<Instance>| {
            binder
                .as_ref()
                .is_ok_and(|b| instance.is_bound_to(&b.identities))
        };
        let only = || instances.first().filter(|_| instances.len() == 1);
        instances.iter().find(own).or_else(only).cloned()
    }

    /// Tells why a caller gets no result; once, not at every probe.
    fn tell_unbound(&self, finding: Finding, asked: Asked) -> Finding {
        let news = {
            let mut unbound = lock(&self.unbound);
            let before = unbound.last_decided();
            let news = unbound.hear(before, Arc::clone(&finding), asked.instant, false);
            self.teller.post(&self.check, &news);
            news
        };
        news.log(&self.check);
        finding
    }

    /// The instance of what was bound. Those whose things are gone make room for new ones.
    fn find_instance(
        &self,
        instances: &Mutex<Vec<Arc<Instance>>>,
        binder: Binder<'_>,
    ) -> Arc<Instance> {
        let mut instances = lock(instances);
        if let Some(known) = instances.iter().find(|i| i.is_bound_to(&binder.identities)) {
            return Arc::clone(known);
        }
        instances.retain(|instance| instance.is_alive());
        let teller = Arc::clone(&self.teller);
        let new = Instance::new(Arc::clone(&self.check), binder.identities, teller);
        let new = Arc::new(new);
        instances.push(Arc::clone(&new));
        new
    }
}

/// Makes the arguments and the work, on the caller's thread.
pub(super) fn bind<'a>(
    check: &Check,
    cx: Context<'a>,
    asked: Asked,
) -> Result<(Work, Binder<'a>), Box<Sample>> {
    let mut binder = Binder::new(cx);
    match guarded(|| check.bind(&mut binder)) {
        Ok(Some(work)) => Ok((work, binder)),
        Ok(None) => {
            let missing = binder.missing.unwrap_or("an argument");
            let message = format!("`{missing}` is not initialised");
            Err(Box::new(asked.failed(Reason::NotInitialised, message)))
        }
        Err(panic) => Err(Box::new(Sample::panicked(&panic, asked))),
    }
}

/// The probe as which a check is asked for itself: the one whose results are kept longest. Only a
/// check that serves nothing but startup is asked as that, since what has started is latched.
pub(super) fn own_probe(check: &Check) -> Probe {
    let lasting = check
        .probes()
        .iter()
        .filter(|probe| *probe != Probe::Startup);
    lasting
        .max_by_key(|probe| check.cache(*probe))
        .unwrap_or(Probe::Startup)
}

/// A check that a caller asks.
pub(super) struct Target {
    /// The place of the check in the registry.
    pub(super) index: usize,
    pub(super) check: Arc<Check>,
    /// The probe that it serves here.
    pub(super) role: Probe,
    pub(super) bound: Bound,
    pub(super) forced: Option<Box<Override>>,
    /// The check for whose failure it is skipped.
    pub(super) cause: Option<Arc<Check>>,
}

impl Target {
    /// What is said of it by something else than a run.
    pub(super) fn said(&self, sample: Sample) -> Finding {
        match &self.bound {
            Ok((instance, _)) => instance.said(sample),
            Err(_) => Found::alone(sample),
        }
    }

    /// A startup check that has passed is never asked again.
    pub(super) fn latched(&self, instance: &Instance) -> Option<Finding> {
        instance.passed().filter(|_| self.role == Probe::Startup)
    }

    /// The gate before readiness, if this is a critical startup check.
    pub(super) fn gate(&self) -> Option<Gate> {
        let forced = self.forced.as_ref();
        let forced = forced.is_some_and(|forced| forced.status().is_passing());
        gate_of_readiness(&self.check).then(|| match &self.bound {
            _ if forced => Gate::Said(true),
            Ok((instance, _)) => Gate::Latch(Arc::clone(instance)),
            Err(_) => Gate::Said(false),
        })
    }

    /// While the process starts, readiness also asks the startup checks that have not passed.
    pub(super) fn is_outstanding(&self, starting: bool) -> bool {
        starting
            && match &self.bound {
                Ok((instance, _)) => instance.passed().is_none(),
                Err(_) => true,
            }
    }
}

/// A critical startup check: nothing is ready before it has passed once.
pub(super) enum Gate {
    Latch(Arc<Instance>),
    /// It was forced to pass, or cannot pass for this caller.
    Said(bool),
}

impl Gate {
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Latch(instance) => instance.passed().is_some(),
            Self::Said(open) => *open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Caller, Identity, StateMap};

    #[test]
    fn instances_of_things_that_are_gone_make_room() {
        let check = Arc::new(Check::new("short_lived", async || ()));
        let slot = Slot::new(check, &Arc::new(Teller::nobody()));
        let instances = Mutex::default();
        let state = StateMap::default();
        let find = |thing: &Arc<u32>| {
            let mut binder = Binder::new(Context::new(&state, Caller::nobody()));
            binder.identities.push(Some(Identity::of(thing)));
            slot.find_instance(&instances, binder)
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
