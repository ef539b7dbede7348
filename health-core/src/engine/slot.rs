//! A check of the roster and its instances.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio::time::Instant;

use super::flight::Hint;
use super::instance::{Core, Instance};
use crate::bind::{Binder, Work};
use crate::context::Context;
use crate::finding::{Finding, Found};
use crate::measurements::Counts;
use crate::observe::Teller;
use crate::plan::Planned;
use crate::sample::{Asked, Sample};
use crate::sync::{Mutex, discard, guarded, lock};
use crate::tally::Tally;
use crate::told::Told;
use crate::{Check, Reason, Status};

/// A check as it is for now. When something else is said of it, another slot takes its place, with
/// the same instances.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) planned: Planned,
    instances: Instances,
    teller: Arc<Teller>,
    tally: Arc<Tally>,
    /// What was told of callers for whom it cannot be bound: they have no instance.
    unbound: Arc<Mutex<Told>>,
    /// Its end is the end of the schedule, if there is one: most checks have none.
    lifetime: OnceLock<watch::Sender<()>>,
}

#[derive(Clone, Debug)]
enum Instances {
    /// Every caller gets the same arguments.
    One(Arc<Core>),
    /// Callers may bring arguments of their own: one for each set of them.
    PerCaller(Arc<Mutex<Vec<Arc<Core>>>>),
}

/// The instance of what a caller brings, and the work if it had to be made to find that out; or
/// what is said instead.
pub(super) type Bound = Result<(Instance, Prepared), Finding>;

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
    pub(super) fn new(planned: Planned, teller: &Arc<Teller>) -> Self {
        let requirements = planned.check.requirements().unwrap_or_default();
        let per_caller = requirements.iter().any(|(r, _)| r.from_caller);
        let tally = Arc::<Tally>::default();
        let instances = if per_caller {
            Instances::PerCaller(Arc::default())
        } else {
            let core = Core::new(Vec::new(), Arc::clone(teller), Arc::clone(&tally));
            Instances::One(Arc::new(core))
        };
        Self {
            planned,
            instances,
            unbound: Arc::new(Mutex::new(teller.told())),
            teller: Arc::clone(teller),
            tally,
            lifetime: OnceLock::new(),
        }
    }

    /// The same check, with something else said of it.
    pub(super) fn changed(&self, planned: Planned) -> Self {
        Self {
            planned,
            instances: self.instances.clone(),
            unbound: Arc::clone(&self.unbound),
            teller: Arc::clone(&self.teller),
            tally: Arc::clone(&self.tally),
            lifetime: OnceLock::new(),
        }
    }

    pub(super) const fn check(&self) -> &Arc<Check> {
        &self.planned.check
    }

    pub(super) const fn is_disabled(&self) -> bool {
        self.planned.disabled
    }

    /// Another slot has taken its place, or none has.
    pub(super) fn retire(&self) {
        if let Some(lifetime) = self.lifetime.get() {
            lifetime.send_replace(());
        }
    }

    /// Changes when it retires.
    pub(super) fn lifetime(&self) -> watch::Receiver<()> {
        let lifetime = self.lifetime.get_or_init(|| watch::Sender::new(()));
        lifetime.subscribe()
    }

    /// Nothing is known or was told, except that it has passed.
    pub(super) fn begin_anew(&self) {
        lock(&self.unbound).forget();
        self.each(Core::begin_anew);
    }

    /// What becomes of runs under way changes nothing.
    pub(super) fn disable(&self) {
        self.each(Core::disable);
    }

    /// Whether it has ever passed, for whomever.
    pub(super) fn has_passed(&self) -> bool {
        match &self.instances {
            Instances::One(core) => core.has_passed(),
            Instances::PerCaller(cores) => lock(cores).iter().any(|core| core.has_passed()),
        }
    }

    /// Settles the runs that are overdue.
    pub(super) fn expire(&self, now: Instant, hint: Hint<'_>) {
        let instances: Vec<_> = match &self.instances {
            Instances::One(core) => return self.instance(core).expire(now, hint),
            Instances::PerCaller(cores) => {
                lock(cores).iter().map(|core| self.instance(core)).collect()
            }
        };
        instances
            .iter()
            .for_each(|instance| instance.expire(now, hint));
    }

    /// What was counted of it, for whomever.
    pub(super) fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// No schedule runs it any more.
    pub(super) fn unschedule(&self) {
        self.each(Core::unschedule);
    }

    fn each(&self, change: impl Fn(&Core)) {
        match &self.instances {
            Instances::One(core) => change(core),
            Instances::PerCaller(cores) => lock(cores).iter().for_each(|core| change(core)),
        }
    }

    /// Binds it for a caller. If that cannot be done, observers and the log are told, unless the caller
    /// only looks.
    pub(super) fn bound(&self, cx: Context<'_>, asked: Asked, tells: bool) -> Bound {
        if self.planned.disabled {
            let text = "disabled".to_owned();
            let sample = Sample::said(asked, Status::Healthy, Reason::Disabled, text);
            return Err(Found::alone(sample));
        }
        let cores = match &self.instances {
            Instances::One(core) => return Ok((self.instance(core), Prepared(None))),
            Instances::PerCaller(cores) => cores,
        };
        match bind(self.check(), cx, asked) {
            Ok((work, binder)) => Ok((self.find_instance(cores, binder), Prepared(Some(work)))),
            Err(sample) if tells => Err(self.tell_unbound(Found::alone(*sample), asked)),
            Err(sample) => Err(Found::alone(*sample)),
        }
    }

    fn instance(&self, core: &Arc<Core>) -> Instance {
        Instance::new(Arc::clone(self.check()), Arc::clone(core))
    }

    /// The instance of this caller, or else the only one that there is.
    pub(super) fn instance_for(&self, cx: Context<'_>, asked: Asked) -> Option<Instance> {
        let cores = match &self.instances {
            Instances::One(core) => return Some(self.instance(core)),
            Instances::PerCaller(cores) => cores,
        };
        let binder = bind(self.check(), cx, asked).map(|(work, binder)| {
            discard(work);
            binder
        });
        let cores = lock(cores);
        let own = |core: &&Arc<Core>| binder.as_ref().is_ok_and(|b| core.is_bound_to(&b.brought));
        let only = || cores.first().filter(|_| cores.len() == 1);
        let core = cores.iter().find(own).or_else(only);
        core.map(|core| self.instance(core))
    }

    /// Tells why a caller gets no result; once, not at every probe.
    fn tell_unbound(&self, finding: Finding, asked: Asked) -> Finding {
        let (news, untold) = {
            let mut unbound = lock(&self.unbound);
            let before = unbound.last_decided();
            let news = unbound.hear(before, Arc::clone(&finding), asked.instant, false);
            self.tally.count(&news);
            let untold = self.teller.post(self.check(), &news);
            (news, untold)
        };
        drop(untold);
        news.log(self.check());
        finding
    }

    /// The instance of what was bound. Those whose things are gone make room for new ones.
    fn find_instance(&self, cores: &Mutex<Vec<Arc<Core>>>, binder: Binder<'_>) -> Instance {
        let mut cores = lock(cores);
        if let Some(known) = cores.iter().find(|i| i.is_bound_to(&binder.brought)) {
            return self.instance(known);
        }
        cores.retain(|core| core.is_alive());
        let (teller, tally) = (Arc::clone(&self.teller), Arc::clone(&self.tally));
        let new = Arc::new(Core::new(binder.brought, teller, tally));
        cores.push(Arc::clone(&new));
        self.instance(&new)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::Brought;
    use crate::context::{Caller, StateMap};

    #[test]
    fn instances_of_things_that_are_gone_make_room() {
        let check = Arc::new(Check::new("short_lived", async || ()));
        let slot = Slot::new(Planned::new(check), &Arc::new(Teller::nobody()));
        let cores = Mutex::default();
        let state = StateMap::default();
        let find = |thing: &Arc<u32>| {
            let mut binder = Binder::new(Context::new(&state, Caller::nobody()));
            binder.brought.push(Brought::of(thing));
            slot.find_instance(&cores, binder)
        };
        let lasting = Arc::new(0);
        let first = find(&lasting);
        for number in 1..100 {
            find(&Arc::new(number));
        }
        assert!(
            first.is_of_the_same(&find(&lasting)),
            "what is still there is found again"
        );
        assert_eq!(lock(&cores).len(), 2, "it, and the last that is gone");
    }
}
