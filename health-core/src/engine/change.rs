//! Changes of the checks while the process runs: whole, or not at all.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use tokio::time::Instant;

use super::instance::Instance;
use super::roster::Roster;
use super::slot::Slot;
use super::{Engine, schedule};
use crate::BuildError;
use crate::context::{Caller, Context};
use crate::error::Mistake;
use crate::plan::Plan;
use crate::sync::lock;

impl Engine {
    /// Changes the checks, unless there is a mistake: then everything stays as it was. Whoever
    /// asks meanwhile is answered by the checks as they were. The edit is made again if somebody
    /// else was faster, so it may do nothing but edit.
    pub(crate) fn change(
        self: &Arc<Self>,
        edit: impl Fn(&mut Plan) -> Result<(), Vec<Mistake>>,
    ) -> Result<(), BuildError> {
        loop {
            let before = self.roster();
            let mut plan = before.plan();
            let mut mistakes = edit(&mut plan).err().unwrap_or_default();
            let prerequisites = plan.validate(&self.state, &mut mistakes);
            BuildError::unless_empty(mistakes)?;
            let next = Arc::new(before.next(plan, prerequisites, &self.teller));
            self.teller.make_room_for(next.slots().len());
            let scheduled = self.to_be_scheduled(&before, &next);
            if let Some(started) = self.install(&before, &next, scheduled) {
                tell_if_not(started);
                return Ok(());
            }
        }
    }

    /// Starts the schedules of those checks that have one.
    pub(crate) fn start_schedules(self: &Arc<Self>) {
        let roster = self.roster();
        let slots = roster.slots().iter();
        let scheduled = self.bound_to_nobody(slots.filter(|slot| is_scheduled(slot)));
        tell_if_not(self.start(scheduled));
    }

    /// The slots whose schedules are to be started, with what they run. Arguments are made here,
    /// under no lock, for that is the user's code.
    fn to_be_scheduled(&self, before: &Roster, next: &Roster) -> Vec<(Arc<Slot>, Instance)> {
        let new = next.slots_not_in(before).into_iter();
        self.bound_to_nobody(new.filter(|slot| is_scheduled(slot)))
    }

    fn bound_to_nobody<'a>(
        &self,
        slots: impl Iterator<Item = &'a Arc<Slot>>,
    ) -> Vec<(Arc<Slot>, Instance)> {
        let cx = Context::new(&self.state, Caller::nobody());
        let bound = slots.filter_map(|slot| {
            let (instance, _) = slot.bound(cx, self.executor.now(), true).ok()?;
            Some((Arc::clone(slot), instance))
        });
        bound.collect()
    }

    /// Has the next roster take the place of the one before, unless another one has; whether the
    /// schedules could be started.
    fn install(
        self: &Arc<Self>,
        before: &Arc<Roster>,
        next: &Arc<Roster>,
        scheduled: Vec<(Arc<Slot>, Instance)>,
    ) -> Option<io::Result<()>> {
        // Probes wait for the lock, and there may be many checks.
        let retired = before.slots_not_in(next);
        let new = next.slots_not_in(before);
        let names = before.names_in(next);
        let scheduled_slots = scheduled.iter().map(|(slot, _)| Arc::as_ptr(slot));
        let scheduled_slots: BTreeSet<_> = scheduled_slots.collect();
        let mut roster = lock(&self.roster);
        if !Arc::ptr_eq(&roster, before) {
            return None;
        }
        for slot in retired {
            slot.retire();
            if names.get(slot.check().name()).is_none_or(Option::is_none) {
                slot.disable();
            }
        }
        for slot in new {
            take_over(before, slot, scheduled_slots.contains(&Arc::as_ptr(slot)));
        }
        self.lifecycle.overrides.follow(&names);
        *roster = Arc::clone(next);
        self.wait_for_gates(before, next);
        let started = self.start(scheduled);
        self.lifecycle.changes.count();
        Some(started)
    }

    /// Nothing is ready before the gates of this roster have passed.
    fn wait_for_gates(&self, before: &Roster, roster: &Roster) {
        let before = before.gates().map(|check| check.identity()).collect();
        let gates = roster.gates().map(|check| check.identity());
        self.lifecycle.wait_for(&before, gates);
        // One that passes meanwhile says so itself.
        for slot in roster.gate_slots().filter(|slot| slot.has_passed()) {
            self.lifecycle.has_started(slot.check().identity());
        }
    }

    fn start(self: &Arc<Self>, scheduled: Vec<(Arc<Slot>, Instance)>) -> io::Result<()> {
        let now: Instant = self.executor.now().instant;
        let mut started = Ok(());
        for (slot, instance) in scheduled {
            let lifetime = slot.lifetime();
            let begins = instance.schedule(now);
            let (engine, slot) = (Arc::downgrade(self), Arc::downgrade(&slot));
            let keep = schedule::keep(engine, slot, lifetime, (instance, begins));
            started = started.and(self.executor.plan(keep));
        }
        started
    }
}

fn is_scheduled(slot: &Slot) -> bool {
    slot.check().interval().is_some() && !slot.is_disabled()
}

/// What a slot that takes the place of another one begins with.
fn take_over(before: &Roster, slot: &Slot, runs_by_itself: bool) {
    let origin = slot.planned.origin.map(|origin| &before.slots()[origin]);
    let was_disabled = origin.is_some_and(|origin| origin.is_disabled());
    match (was_disabled, slot.is_disabled()) {
        (true, false) => slot.begin_anew(),
        (false, true) => slot.disable(),
        _ => {}
    }
    if !runs_by_itself {
        slot.unschedule();
    }
}

fn tell_if_not(started: io::Result<()>) {
    if let Err(error) = started {
        tracing::error!(
            target: "health",
            "no thread can be started, so nothing runs at an interval: {error}"
        );
    }
}
