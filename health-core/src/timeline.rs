//! What has happened lately, and who waits for it.

use std::collections::VecDeque;
use std::time::SystemTime;

use tokio::sync::watch;

use crate::notice::Transition;
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Mutex, discard, guarded, lock};
use crate::{Check, Maintenance, Override, Probe, Status, Visibility};

/// How many events are remembered.
const REMEMBERED: usize = 200;

/// The longest message that is remembered, in bytes: what a check says of itself may be long, and
/// is told by its report.
const LONGEST: usize = 500;

/// Something that happened to the health of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    number: u64,
    at: SystemTime,
    visibility: Visibility,
    what: Happening,
}

impl Event {
    /// Counts the events of a process, from 1; some may be forgotten.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// When it happened: when a status was decided, when an override expired. What was noticed late
    /// may be earlier than the event before it.
    pub const fn at(&self) -> SystemTime {
        self.at
    }

    /// Who may be told: of a check, whoever may know of it; of what was said of single checks,
    /// those who may know everything.
    pub const fn visibility(&self) -> Visibility {
        self.visibility
    }

    /// What happened.
    pub const fn what(&self) -> &Happening {
        &self.what
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// A check, or a child of it, has another status than before, after thresholds.
    #[non_exhaustive]
    Turned {
        /// The name of the check.
        check: String,
        /// The name of the child; none if it is the check itself.
        child: Option<String>,
        /// The status before; none if nothing had been decided.
        from: Option<Status>,
        /// The status now.
        to: Status,
        /// The public text. Secrets are masked.
        message: Option<String>,
    },
    /// A probe was answered otherwise than the one before it, whoever asked.
    #[non_exhaustive]
    Verdict {
        /// The probe.
        probe: Probe,
        /// The verdict before; none if nobody had asked.
        from: Option<Status>,
        /// The verdict now.
        to: Status,
    },
    /// The process has begun to drain, or does so no more.
    Draining(bool),
    /// The process was taken out of service, or maintenance has ended.
    Maintenance(Option<Maintenance>),
    /// The status of a check was forced, or is so no more.
    #[non_exhaustive]
    Overridden {
        /// The name of the check.
        check: String,
        /// What was forced; none if that has ended.
        by: Option<Override>,
    },
    /// A check came or went, or something else is said of it.
    #[non_exhaustive]
    Changed {
        /// The name of the check before.
        check: String,
        /// What became of it.
        change: Change,
    },
    /// A configuration was applied.
    Configured,
}

/// What became of a check while the process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It was added.
    Registered,
    /// It was taken away.
    Removed,
    /// It has this name now.
    Renamed(String),
    /// It was switched off.
    Disabled,
    /// It was switched on again.
    Enabled,
}

/// Tells when something was added to a [timeline](crate::Health::timeline). Nobody is woken by the
/// verdict that a [glance](crate::Health::glance) finds: who waits to look again would else wake
/// others who do, and see other results, for ever.
#[derive(Debug)]
pub struct Watch(watch::Receiver<Seen>);

impl Watch {
    /// Waits until something has happened since this was made, or was last waited for. False if
    /// nothing will happen any more, for the `Health` is gone.
    pub async fn changed(&mut self) -> bool {
        let is_over = self.0.borrow().is_over;
        !is_over && self.0.changed().await.is_ok() && !self.0.borrow().is_over
    }

    /// The number of the last [event](Event::number) that was worth waking for; zero before the
    /// first.
    pub fn last(&self) -> u64 {
        self.0.borrow().last
    }
}

/// What those who wait can see.
#[derive(Debug, Default)]
struct Seen {
    /// The number of the last event.
    last: u64,
    /// Whether nothing will happen any more.
    is_over: bool,
}

/// What has happened lately.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    log: Mutex<Log>,
    /// What each probe was last told to be, for those who find the same again: without the lock.
    verdicts: [AtomicU8; Probe::ALL.len()],
    waiting: watch::Sender<Seen>,
}

#[derive(Debug, Default)]
struct Log {
    events: VecDeque<Event>,
    /// What each probe was last told to be, and since when.
    verdicts: [Option<(Status, SystemTime)>; Probe::ALL.len()],
}

impl Timeline {
    pub(crate) fn watch(&self) -> Watch {
        Watch(self.waiting.subscribe())
    }

    /// Nothing will happen any more.
    pub(crate) fn end(&self) {
        discard(guarded(|| {
            self.waiting.send_modify(|seen| seen.is_over = true);
        }));
    }

    /// What is remembered, the oldest first.
    pub(crate) fn events(&self) -> Vec<Event> {
        lock(&self.log).events.iter().cloned().collect()
    }

    /// Since when a probe has the verdict that was last told.
    pub(crate) fn verdict_since(&self, probe: Probe) -> Option<SystemTime> {
        lock(&self.log).verdicts[place(probe)].map(|(_, since)| since)
    }

    /// What is for everybody to know.
    pub(crate) fn tell(&self, at: SystemTime, what: Happening) -> Bell<'_> {
        self.ring(self.add(&mut lock(&self.log), at, Visibility::Summary, what))
    }

    /// What is for those who may know everything.
    pub(crate) fn tell_operators(&self, at: SystemTime, what: Happening) -> Bell<'_> {
        self.ring(self.add(&mut lock(&self.log), at, Visibility::Full, what))
    }

    /// Whether that is what the probe was last told to be.
    pub(crate) fn is_told(&self, probe: Probe, status: Status) -> bool {
        self.verdicts[place(probe)].load(Ordering::Relaxed) == code(status)
    }

    /// A probe is told to be this.
    pub(crate) fn tell_verdict(&self, probe: Probe, to: Status, at: SystemTime) {
        drop(self.note_verdict(probe, to, at).map(|it| self.ring(it)));
    }

    /// The same, but nobody is woken. Returns the number of the event, if it is one.
    pub(crate) fn note_verdict(&self, probe: Probe, to: Status, at: SystemTime) -> Option<u64> {
        let mut log = lock(&self.log);
        let last = &mut log.verdicts[place(probe)];
        let from = last.map(|(status, _)| status);
        if from == Some(to) {
            return None;
        }
        *last = Some((to, at));
        self.verdicts[place(probe)].store(code(to), Ordering::Relaxed);
        let what = Happening::Verdict { probe, from, to };
        Some(self.add(&mut log, at, Visibility::Summary, what))
    }

    pub(crate) fn tell_transition(
        &self,
        check: &Check,
        transition: &Transition,
        at: SystemTime,
    ) -> Bell<'_> {
        let what = Happening::Turned {
            check: check.name().to_owned(),
            child: transition.child().map(clipped),
            from: transition.from(),
            to: transition.to(),
            message: transition.message().map(clipped),
        };
        self.ring(self.add(&mut lock(&self.log), at, check.visibility(), what))
    }

    fn add(&self, log: &mut Log, at: SystemTime, visibility: Visibility, what: Happening) -> u64 {
        let number = log.events.back().map_or(1, |last| last.number + 1);
        if log.events.len() == REMEMBERED {
            log.events.pop_front();
        }
        log.events.push_back(Event {
            number,
            at,
            visibility,
            what,
        });
        number
    }

    const fn ring(&self, number: u64) -> Bell<'_> {
        Bell(self, number)
    }
}

/// Wakes those who wait for what was added, when it is dropped: under no lock, for what wakes them is
/// the user's code.
#[derive(Debug)]
#[must_use]
pub(crate) struct Bell<'a>(&'a Timeline, u64);

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        // Another may have been rung before it.
        let ring = |seen: &mut Seen| seen.last = seen.last.max(self.1);
        discard(guarded(|| self.0.waiting.send_modify(ring)));
    }
}

/// As a number; none is zero.
const fn code(status: Status) -> u8 {
    match status {
        Status::Healthy => 1,
        Status::Degraded => 2,
        Status::Unhealthy => 3,
    }
}

const fn place(probe: Probe) -> usize {
    match probe {
        Probe::Liveness => 0,
        Probe::Readiness => 1,
        Probe::Startup => 2,
    }
}

fn clipped(message: &str) -> String {
    if message.len() <= LONGEST {
        return message.to_owned();
    }
    let end = (0..=LONGEST)
        .rev()
        .find(|end| message.is_char_boundary(*end));
    format!("{}…", &message[..end.unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_verdict_is_told_once_until_it_is_another() {
        let timeline = Timeline::default();
        for (second, status) in [
            (1, Status::Unhealthy),
            (2, Status::Healthy),
            (3, Status::Healthy),
        ] {
            timeline.tell_verdict(Probe::Readiness, status, at(second));
        }
        timeline.tell_verdict(Probe::Liveness, Status::Healthy, at(4));
        assert!(timeline.is_told(Probe::Readiness, Status::Healthy));
        assert!(!timeline.is_told(Probe::Readiness, Status::Unhealthy));
        assert!(!timeline.is_told(Probe::Startup, Status::Healthy));
        let told: Vec<_> = timeline
            .events()
            .into_iter()
            .map(|event| event.at)
            .collect();
        assert_eq!(told, [at(1), at(2), at(4)]);
        assert_eq!(timeline.verdict_since(Probe::Readiness), Some(at(2)));
        assert_eq!(timeline.verdict_since(Probe::Startup), None);
    }

    #[test]
    fn the_oldest_is_forgotten_and_the_numbers_go_on() {
        let timeline = Timeline::default();
        for second in 0..250 {
            drop(timeline.tell(at(second), Happening::Draining(second % 2 == 0)));
        }
        let events = timeline.events();
        assert_eq!(events.len(), REMEMBERED);
        assert_eq!(events[0].number(), 51);
        assert_eq!(events[REMEMBERED - 1].number(), 250);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = "ä".repeat(LONGEST);
        let cut = clipped(&long);
        assert_eq!(cut.chars().count(), LONGEST / 2 + 1);
        assert!(cut.ends_with("ä…"));
        assert_eq!(clipped("short"), "short");
    }
}

#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests {
    use std::sync::Arc;

    use super::*;
    use crate::interleavings::explore;
    use crate::sync::thread;

    #[test]
    fn each_verdict_is_told_to_come_after_the_one_before_it() {
        explore(3, || {
            let timeline = Arc::new(Timeline::default());
            let tells = [Status::Healthy, Status::Unhealthy].map(|status| {
                let timeline = Arc::clone(&timeline);
                thread::spawn(move || {
                    for _ in 0..2 {
                        if !timeline.is_told(Probe::Readiness, status) {
                            timeline.tell_verdict(Probe::Readiness, status, SystemTime::UNIX_EPOCH);
                        }
                    }
                })
            });
            tells.into_iter().for_each(|thread| thread.join().unwrap());
            let mut last = None;
            for event in timeline.events() {
                let Happening::Verdict { from, to, .. } = event.what else {
                    panic!("only verdicts are told");
                };
                assert!(from == last && from != Some(to));
                last = Some(to);
            }
            let told = last.is_some_and(|last| timeline.is_told(Probe::Readiness, last));
            assert!(told, "the last that was told");
        });
    }
}
