use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use crate::gate::Gates;
use crate::lasting::Changes;
use crate::mask::mask;
use crate::overrides::Overrides;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, lock};
use crate::timeline::{Happening, Timeline};

/// Where the process stands in its life, as a probe sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// A critical startup check has not passed yet, or a startup gate is not open.
    Starting,
    /// Every critical startup check has passed, and every startup gate is open.
    Started,
    /// The process is about to stop: readiness fails, whatever the checks say.
    Draining,
    /// The process was taken out of service for a while: readiness fails.
    Maintenance(Maintenance),
    /// The registry has mistakes, so nothing can be said: readiness and startup fail.
    Misconfigured,
}

/// Why a process was taken out of service, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    reason: Cow<'static, str>,
    until: Option<SystemTime>,
}

impl Maintenance {
    /// Maintenance without a known end. The reason is public.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        let reason = reason.into();
        let masked = mask(&reason).into_owned();
        Self {
            reason: masked.into(),
            until: None,
        }
    }

    /// Sets the expected end; probes then answer with `Retry-After`. The end is announced, not
    /// enforced: maintenance lasts until it is left.
    #[must_use]
    pub fn until(mut self, end: SystemTime) -> Self {
        self.until = Some(end);
        self
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The expected end.
    pub const fn expected_end(&self) -> Option<SystemTime> {
        self.until
    }
}

/// What operators have said, as against what checks have found.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    /// No lock: what closes connections asks for it with every request.
    draining: AtomicBool,
    /// Whether it drains without being about to end.
    parked: AtomicBool,
    maintenance: Mutex<Option<Maintenance>>,
    pub(crate) gates: Gates,
    pub(crate) overrides: Overrides,
    pub(crate) timeline: Arc<Timeline>,
    /// What may change what a report tells.
    pub(crate) changes: Arc<Changes>,
    /// The identities of the checks that have to pass before the process has started.
    outstanding: Mutex<BTreeSet<String>>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        let timeline = Arc::default();
        let changes = Arc::default();
        Self {
            draining: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            maintenance: Mutex::default(),
            gates: Gates::default(),
            overrides: Overrides::new(&timeline, &changes),
            timeline,
            changes,
            outstanding: Mutex::default(),
        }
    }
}

impl Lifecycle {
    /// Sets whether the process drains; true if that changed.
    pub(crate) fn set_draining(&self, draining: bool, now: SystemTime) -> bool {
        self.drain(draining, false, now)
    }

    /// Drains, for as long as it takes; true if that changed. What is about to end still is.
    pub(crate) fn park(&self, now: SystemTime) -> bool {
        self.drain(true, true, now)
    }

    fn drain(&self, draining: bool, parked: bool, now: SystemTime) -> bool {
        // Whoever does so at the same time is told in the same order.
        let said = lock(&self.maintenance);
        let changed = self.draining.swap(draining, Ordering::SeqCst) != draining;
        if changed || !parked {
            self.parked.store(parked, Ordering::SeqCst);
        }
        self.changes.count();
        let bell = changed.then(|| self.timeline.tell(now, Happening::Draining(draining)));
        drop(said);
        bell.is_some()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Whether it drains because it is about to end.
    pub(crate) fn is_stopping(&self) -> bool {
        let _said = lock(&self.maintenance);
        self.is_draining() && !self.parked.load(Ordering::SeqCst)
    }

    /// Sets or ends maintenance; true if that changed.
    pub(crate) fn set_maintenance(
        &self,
        maintenance: Option<Maintenance>,
        now: SystemTime,
    ) -> bool {
        let mut said = lock(&self.maintenance);
        let before = std::mem::replace(&mut *said, maintenance.clone());
        let changed = before != *said;
        self.changes.count();
        let what = Happening::Maintenance(maintenance);
        let bell = changed.then(|| self.timeline.tell(now, what));
        drop(said);
        bell.is_some()
    }

    pub(crate) fn maintenance(&self) -> Option<Maintenance> {
        lock(&self.maintenance).clone()
    }

    /// The phase that readiness is in because somebody said so.
    pub(crate) fn said(&self) -> Option<Phase> {
        self.said_besides(&|_| false)
    }

    /// The same, but for what is set aside. Draining outranks maintenance, since it is about to
    /// end all the same.
    pub(crate) fn said_besides(&self, is_set_aside: &dyn Fn(&Phase) -> bool) -> Option<Phase> {
        let draining = self.is_draining().then_some(Phase::Draining);
        let maintenance = || self.maintenance().map(Phase::Maintenance);
        let counts = |phase: &Phase| !is_set_aside(phase);
        let draining = draining.filter(counts);
        draining.or_else(|| maintenance().filter(counts))
    }

    /// Until these have passed, the process starts. Those that were waited for `before` may have
    /// passed already.
    pub(crate) fn wait_for<'a>(
        &self,
        before: &BTreeSet<&str>,
        checks: impl Iterator<Item = &'a str>,
    ) {
        let mut outstanding = lock(&self.outstanding);
        let waited_for = checks.filter(|c| outstanding.contains(*c) || !before.contains(c));
        *outstanding = waited_for.map(str::to_owned).collect();
    }

    /// The check with this identity has passed for the first time.
    pub(crate) fn has_started(&self, check: &str) {
        lock(&self.outstanding).remove(check);
    }

    /// Whether failures are no surprise: the process starts, drains, or is out of service.
    pub(crate) fn expects_failures(&self) -> bool {
        !lock(&self.outstanding).is_empty() || self.gates.any_closed() || self.said().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn who_is_parked_stops_when_that_is_said_and_not_before() {
        let life = Lifecycle::default();
        let now = SystemTime::UNIX_EPOCH;
        assert!(life.park(now));
        assert!(life.is_draining() && !life.is_stopping());
        assert!(!life.set_draining(true, now), "it drains already");
        assert!(life.is_stopping());
        assert!(!life.park(now));
        assert!(life.is_stopping(), "it is too late for that");
        assert!(life.set_draining(false, now));
        assert!(!life.is_stopping());
        assert!(life.park(now) && life.set_draining(false, now));
        assert!(life.set_draining(true, now));
        assert!(life.is_stopping(), "to be parked was taken back");
    }

    #[test]
    fn draining_outranks_maintenance_and_both_can_be_taken_back() {
        let life = Lifecycle::default();
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(life.said(), None);
        let maintenance = Maintenance::new("moving racks");
        assert!(life.set_maintenance(Some(maintenance.clone()), now));
        assert_eq!(life.maintenance(), Some(maintenance.clone()));
        assert!(life.set_draining(true, now));
        assert!(!life.set_draining(true, now), "nothing changed");
        assert_eq!(life.said(), Some(Phase::Draining));
        assert!(life.set_draining(false, now));
        assert_eq!(life.said(), Some(Phase::Maintenance(maintenance.clone())));
        assert!(life.set_maintenance(None, now));
        assert_eq!(life.maintenance(), None);
        assert_eq!(life.said(), None);
        let events = life.timeline.events();
        let told: Vec<_> = events.iter().map(Event::what).cloned().collect();
        let expected = [
            Happening::Maintenance(Some(maintenance)),
            Happening::Draining(true),
            Happening::Draining(false),
            Happening::Maintenance(None),
        ];
        assert_eq!(told, expected);
    }
}

#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests {
    use super::*;
    use crate::interleavings::explore;
    use crate::sync::thread;

    type Say = fn(&Lifecycle) -> bool;

    /// Has two threads say something at once; what the timeline was told of draining goes on.
    fn said_at_once(says: [Say; 2], then: fn(&Lifecycle, Vec<bool>)) {
        explore(3, move || {
            let life = Arc::new(Lifecycle::default());
            let threads = says.map(|say| {
                let life = Arc::clone(&life);
                thread::spawn(move || say(&life))
            });
            let changed = threads.map(|thread| thread.join().unwrap());
            let told = life.timeline.events();
            let told = told.iter().filter_map(|event| match event.what() {
                Happening::Draining(drains) => Some(*drains),
                _ => None,
            });
            let told: Vec<_> = told.collect();
            let changes = changed.into_iter().filter(|changed| *changed).count();
            assert_eq!(told.len(), changes, "who changes it tells of it");
            assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "{told:?}");
            let last = told.last().copied().unwrap_or_default();
            assert_eq!(last, life.is_draining(), "the last that was told");
            then(&life, told);
        });
    }

    #[test]
    fn the_last_that_is_told_of_draining_is_so() {
        said_at_once(
            [
                |life| life.set_draining(true, SystemTime::UNIX_EPOCH),
                |life| life.set_draining(false, SystemTime::UNIX_EPOCH),
            ],
            |_, told| assert!(told.len() <= 2),
        );
    }

    #[test]
    fn who_is_parked_and_told_to_stop_at_once_stops() {
        said_at_once(
            [
                |life| life.set_draining(true, SystemTime::UNIX_EPOCH),
                |life| life.park(SystemTime::UNIX_EPOCH),
            ],
            |life, told| {
                assert_eq!(told, [true]);
                assert!(life.is_stopping());
            },
        );
    }
}
