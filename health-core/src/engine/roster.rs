//! The checks of an engine as they are for now. When one changes, another roster takes its place;
//! whoever asks meanwhile goes on with the one that was there when he asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::causes::{Known, Prerequisites};
use super::gate_of_readiness;
use super::slot::Slot;
use crate::dependencies::Gone;
use crate::observe::Teller;
use crate::plan::{Plan, Planned};
use crate::{Check, Entry, Probe};

#[derive(Debug)]
pub(super) struct Roster {
    /// Sorted by the names of the checks.
    slots: Vec<Arc<Slot>>,
    prerequisites: Prerequisites,
    has_prerequisites: bool,
    /// Whether readiness may ask a check that does not serve it.
    readiness_asks_others: bool,
    /// What was left out; others may depend on it all the same.
    excluded: Gone,
    revision: u64,
}

impl Roster {
    pub(super) fn new(plan: Plan, prerequisites: Vec<Vec<usize>>, teller: &Arc<Teller>) -> Self {
        let nobody = Self {
            slots: Vec::new(),
            prerequisites: Prerequisites::new(Vec::new()),
            has_prerequisites: false,
            readiness_asks_others: false,
            excluded: Gone::default(),
            revision: 0,
        };
        nobody.next(plan, prerequisites, teller)
    }

    /// What comes after this one. Checks of which nothing else is said keep their slots.
    pub(super) fn next(
        &self,
        plan: Plan,
        prerequisites: Vec<Vec<usize>>,
        teller: &Arc<Teller>,
    ) -> Self {
        let slots = plan.checks.into_iter().map(|planned| {
            match planned.origin.map(|origin| &self.slots[origin]) {
                Some(slot) if slot.planned.says_the_same(&planned) => Arc::clone(slot),
                Some(slot) => Arc::new(slot.changed(planned)),
                None => Arc::new(Slot::new(planned, teller)),
            }
        });
        let slots: Vec<_> = slots.collect();
        let asked_while_starting = |slot: &Arc<Slot>| {
            let check = slot.check();
            check.concerns(Probe::Readiness) && !check.probes().contains(Probe::Readiness)
        };
        let prerequisites = Prerequisites::new(prerequisites);
        Self {
            readiness_asks_others: slots.iter().any(asked_while_starting),
            slots,
            has_prerequisites: !prerequisites.are_none(),
            prerequisites,
            excluded: plan.excluded,
            revision: self.revision + 1,
        }
    }

    /// The checks as they are, to be changed.
    pub(super) fn plan(&self) -> Plan {
        let checks = self.slots.iter().enumerate();
        let checks = checks.map(|(index, slot)| Planned {
            origin: Some(index),
            ..slot.planned.clone()
        });
        Plan {
            checks: checks.collect(),
            excluded: self.excluded.clone(),
        }
    }

    pub(super) fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// How many rosters there were before.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) const fn has_prerequisites(&self) -> bool {
        self.has_prerequisites
    }

    /// Whether a probe may ask more than it needs the answers of.
    pub(super) const fn readiness_asks_others(&self) -> bool {
        self.readiness_asks_others
    }

    pub(super) const fn prerequisites(&self) -> &Prerequisites {
        &self.prerequisites
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let found = self
            .slots
            .binary_search_by(|slot| slot.check().name().cmp(name));
        found.ok()
    }

    /// The place of this slot; none if it has retired.
    pub(super) fn place_of(&self, slot: &Arc<Slot>) -> Option<usize> {
        let place = self.find(slot.check().name())?;
        Arc::ptr_eq(&self.slots[place], slot).then_some(place)
    }

    /// The longest timeout among the checks of a probe.
    pub(super) fn longest(&self, probe: Probe) -> Duration {
        let serving = self.slots.iter().filter(|slot| !slot.is_disabled());
        let serving = serving.map(|slot| slot.check());
        let serving = serving.filter(|check| check.concerns(probe));
        let longest = serving.map(|check| check.timeout_for(probe)).max();
        longest.unwrap_or_default()
    }

    /// What has to pass before anything is ready.
    pub(super) fn gates(&self) -> impl Iterator<Item = &Arc<Check>> {
        self.gate_slots().map(|slot| slot.check())
    }

    /// The slots of what has to pass before anything is ready.
    pub(super) fn gate_slots(&self) -> impl Iterator<Item = &Arc<Slot>> {
        let enabled = self.slots.iter().filter(|slot| !slot.is_disabled());
        enabled.filter(|slot| gate_of_readiness(slot.check()))
    }

    /// The slots that are not in another roster.
    pub(super) fn slots_not_in(&self, other: &Self) -> Vec<&Arc<Slot>> {
        let slots = self.slots.iter();
        slots
            .filter(|slot| other.place_of(slot).is_none())
            .collect()
    }

    /// The names that checks have in the next roster, by those that they have here; none for those
    /// that are gone.
    pub(super) fn names_in(&self, next: &Self) -> BTreeMap<String, Option<String>> {
        let name = |slot: &Slot| slot.check().name().to_owned();
        let gone = self.slots.iter().map(|slot| (name(slot), None));
        let mut names: BTreeMap<_, _> = gone.collect();
        for slot in &next.slots {
            if let Some(origin) = self.origin_of(slot) {
                names.insert(name(&self.slots[origin]), Some(name(slot)));
            }
        }
        names
    }

    /// The place that a slot of the next roster had in this one.
    pub(super) fn origin_of(&self, slot: &Arc<Slot>) -> Option<usize> {
        self.place_of(slot).or(slot.planned.origin)
    }

    /// Says which failure is the cause of which, among entries of these checks.
    pub(super) fn attribute_all(&self, entries: &mut [Entry]) {
        if self.has_prerequisites {
            let places = entries.iter().filter_map(|entry| self.find(entry.name()));
            let places: Vec<_> = places.collect();
            self.attribute(&places, entries);
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
                entry.set_cause(Arc::clone(self.slots[cause].check()));
            }
        }
    }
}
