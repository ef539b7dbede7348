//! Which statuses one check may be said to have.

use super::effect::{Effect, Turn};
use super::lateness::Lateness;
use super::statuses::Statuses;
use super::timeline::{Change, NEVER, Timeline};
use crate::catalogue::{Kind, Spec};
use crate::clock::{MILLISECOND, Moment};

/// What every detection may take besides: promise 1.
pub(crate) const SLACK: Moment = 50 * MILLISECOND;
/// Somebody asks each check so often.
pub(crate) const ASKED_EACH: Moment = 80 * MILLISECOND;

/// No run that passes takes longer by itself.
const LONGEST_DELAY: Moment = 150 * MILLISECOND;

/// What was said of a check, against what it finds.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The status that was forced; `None` if it was disabled.
    pub(crate) forced: Option<Statuses>,
    /// It began at some moment between these two,
    pub(crate) begins: (Moment, Moment),
    /// and ended between these.
    pub(crate) ends: (Moment, Moment),
}

#[derive(Debug)]
pub(crate) struct CheckModel {
    pub(crate) spec: Spec,
    pub(crate) effects: Timeline<Effect>,
    pub(crate) said: Vec<Said>,
    pub(crate) critical: Timeline<bool>,
}

/// When an answer was asked for, and when it was there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) sent: Moment,
    pub(crate) received: Moment,
}

impl CheckModel {
    pub(crate) fn new(spec: Spec) -> Self {
        let first = match spec.kind {
            Kind::Startup => Effect::of_behaviour(crate::behaviour::Behaviour::Fail, &spec),
            // Rule 5: liveness holds.
            Kind::Liveness => Effect {
                brings: Statuses::HEALTHY,
                ..Effect::unknown()
            },
            Kind::Readiness => Effect::unknown(),
        };
        Self {
            spec,
            effects: Timeline::new(first),
            said: Vec::new(),
            critical: Timeline::new(spec.critical),
        }
    }

    /// The statuses that an answer may tell. With the lateness of the machine, what that excuses is
    /// among them.
    pub(crate) fn allowed(&self, span: Span, lateness: Option<&Lateness>) -> Statuses {
        let window = span.sent.saturating_sub(self.memory());
        let late =
            |with_pauses| lateness.map_or(0, |l| l.worst(window, span.received, with_pauses));
        let mut found = self.found(span, late(true));
        // A machine that was paused must not be restarted for it.
        let with_pauses = self.spec.kind != Kind::Liveness;
        let recovers = self.settles(Turn::Pass, self.spec.timeout, 0) + self.spec.timeout;
        let recently = span.sent.saturating_sub(recovers);
        let unfair = lateness.map_or(0, |l| l.worst(recently, span.received, with_pauses));
        if unfair + LONGEST_DELAY > self.spec.timeout {
            found |= Statuses::UNHEALTHY;
        }
        if self
            .spec
            .degraded_after
            .is_some_and(|after| late(true) > after / 2)
        {
            found |= Statuses::DEGRADED;
        }
        self.overruled(found, span, late(true))
    }

    /// How long ago something may have happened that an answer is still about.
    fn memory(&self) -> Moment {
        self.settles(Turn::Fail, self.spec.timeout, 0)
            .max(self.settles(Turn::Pass, self.spec.timeout, 0))
            + self.spec.cache
            + 500 * MILLISECOND
    }

    /// How long it takes at most until every answer to a request that is sent after it tells what all
    /// runs find that began after some moment: by rules 2, 5 and 6.
    fn settles(&self, turn: Turn, run: Moment, late: Moment) -> Moment {
        let spec = &self.spec;
        let slack = SLACK + late;
        let runs = Moment::from(match turn {
            Turn::Fail => spec.failures,
            Turn::Pass => spec.successes,
        });
        match spec.interval {
            Some(interval) => {
                let each = (interval * 11 / 10).max(run) + slack;
                (runs + 1) * each + run
            }
            None => spec.cache + (runs - 1) * (spec.cache.max(run) + ASKED_EACH + slack) + slack,
        }
    }

    /// What runs may have found.
    fn found(&self, span: Span, late: Moment) -> Statuses {
        let changes = self.effects.recent(64);
        let mut set = Statuses::NONE;
        let mut same_turn = Stretch::default();
        let mut same_effect = Stretch::default();
        // Until then, runs that began earlier may have an effect.
        let mut others_end = 0;
        for (index, change) in changes.iter().enumerate() {
            if change.sent > span.received {
                break;
            }
            let next = changes.get(index + 1);
            set |= change.to.brings;
            let begins = change.done.max(others_end);
            let before = index.checked_sub(1).and_then(|before| changes.get(before));
            same_turn.go_on(
                before.is_some_and(|before| before.to.turn == change.to.turn),
                begins,
                change.to.lasts,
            );
            same_effect.go_on(
                before.is_some_and(|before| before.to.brings == change.to.brings),
                begins,
                change.to.lasts,
            );
            others_end = others_end.max(end_of(change, next));
            let until = next.map_or(NEVER, |next| next.sent).min(span.sent);
            let Some(turn) = change.to.turn else {
                continue;
            };
            let settled = |stretch: &Stretch| {
                let settles = self.settles(turn, stretch.longest, late);
                self.undisturbed(stretch.begins, until)
                    .checked_add(settles)
                    .is_some_and(|settled| settled <= until)
            };
            if settled(&same_turn) {
                set = set
                    & match turn {
                        Turn::Pass => Statuses::PASSES,
                        Turn::Fail => Statuses::UNHEALTHY,
                    };
            }
            if settled(&same_effect) {
                set = change.to.brings;
            }
        }
        set
    }

    /// When the stretch begins in which runs count, for what was said of the check meanwhile.
    fn undisturbed(&self, begins: Moment, until: Moment) -> Moment {
        let said = self.said.iter().rev().take(8);
        let disturbing = said.filter(|said| said.begins.0 < until && said.ends.1 > begins);
        disturbing.fold(begins, |begins, said| begins.max(said.ends.1))
    }

    /// By rules 11 and 15.
    fn overruled(&self, found: Statuses, span: Span, late: Moment) -> Statuses {
        let mut forced = Answers::new(found);
        let mut disabled = Answers::new(Statuses::NONE);
        for said in self.said.iter().rev().take(16) {
            let certain = said.begins.1.saturating_add(late) <= span.sent
                && span.received.saturating_add(late) <= said.ends.0;
            let possible =
                said.begins.0 <= span.received && said.ends.1.saturating_add(late) >= span.sent;
            let anew = said.ends.1.saturating_add(self.memory() + late) >= span.sent
                && said.begins.0 <= span.received;
            match said.forced {
                Some(status) => forced.add(status, certain, possible),
                None => {
                    disabled.add(Statuses::HEALTHY, certain, possible);
                    if anew {
                        forced.may_be |= Statuses::UNHEALTHY;
                    }
                }
            }
        }
        match (disabled.is_certain, disabled.may_be) {
            (true, set) => set,
            (false, set) => forced.may_be | set,
        }
    }
}

#[derive(Debug)]
struct Answers {
    may_be: Statuses,
    is_certain: bool,
}

impl Answers {
    const fn new(may_be: Statuses) -> Self {
        Self {
            may_be,
            is_certain: false,
        }
    }

    fn add(&mut self, status: Statuses, certain: bool, possible: bool) {
        if certain && !self.is_certain {
            self.may_be = status;
            self.is_certain = true;
        } else if possible {
            self.may_be |= status;
        }
    }
}

/// Changes in a row that have the same effect.
#[derive(Debug, Default)]
struct Stretch {
    begins: Moment,
    longest: Moment,
}

impl Stretch {
    fn go_on(&mut self, same: bool, begins: Moment, run: Moment) {
        if same {
            self.longest = self.longest.max(run);
        } else {
            *self = Self {
                begins,
                longest: run,
            };
        }
    }
}

/// When the last run has ended that began before the next change.
fn end_of(change: &Change<Effect>, next: Option<&Change<Effect>>) -> Moment {
    let ends = next.map_or(NEVER, |next| next.done);
    ends.saturating_add(change.to.lasts)
}
