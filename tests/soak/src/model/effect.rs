//! What is to be seen of what a check was told, or of what its dependency does.

use super::statuses::Statuses;
use crate::behaviour::Behaviour;
use crate::catalogue::{Source, Spec};
use crate::clock::{MILLISECOND, Moment};
use crate::driver::Mode;

/// What a run counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Pass,
    Fail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// The statuses that its runs bring.
    pub(crate) brings: Statuses,
    /// What all its runs count as, if that is one thing.
    pub(crate) turn: Option<Turn>,
    /// How long a run takes at most, and so for how long after its end it has an effect.
    pub(crate) lasts: Moment,
}

impl Effect {
    const fn passing(lasts: Moment) -> Self {
        Self {
            brings: Statuses::HEALTHY,
            turn: Some(Turn::Pass),
            lasts,
        }
    }

    const fn failing(lasts: Moment) -> Self {
        Self {
            brings: Statuses::UNHEALTHY,
            turn: Some(Turn::Fail),
            lasts,
        }
    }

    const fn degrading(lasts: Moment) -> Self {
        Self {
            brings: Statuses::DEGRADED,
            turn: Some(Turn::Pass),
            lasts,
        }
    }

    /// Nothing is known.
    pub(crate) const fn unknown() -> Self {
        Self {
            brings: Statuses::ANY,
            turn: None,
            lasts: 0,
        }
    }

    pub(crate) fn of_behaviour(behaviour: Behaviour, spec: &Spec) -> Self {
        // Rule 3: cancelled at its timeout.
        let until_cancelled = spec.timeout + 50 * MILLISECOND;
        match behaviour {
            Behaviour::Pass | Behaviour::Leak | Behaviour::Huge => Self::passing(0),
            Behaviour::Fail
            | Behaviour::Panic
            | Behaviour::PanicInDrop
            | Behaviour::PanicInDisplay
            | Behaviour::Children => Self::failing(0),
            Behaviour::Degraded => Self::degrading(0),
            Behaviour::Hang | Behaviour::PanicWhenCancelled => Self::failing(until_cancelled),
            Behaviour::Delay(ms) | Behaviour::Block(ms) => {
                let takes = ms * MILLISECOND;
                if takes >= spec.timeout {
                    return Self::blocked(takes, spec);
                }
                match spec.degraded_after {
                    Some(after) if takes > after => Self::degrading(takes),
                    _ => Self::passing(takes),
                }
            }
            // Rule 5: fewer than the threshold leave the status what it was.
            Behaviour::FailRuns(_) => Self {
                brings: Statuses::NONE,
                turn: None,
                lasts: 0,
            },
        }
    }

    /// A run that is overdue fails once for each timeout, and cannot be cancelled.
    fn blocked(takes: Moment, spec: &Spec) -> Self {
        if spec.failures > 1 || spec.interval.is_some() {
            return Self {
                lasts: takes,
                ..Self::unknown()
            };
        }
        Self::failing(takes)
    }

    /// What is connected is so no longer, and to connect again may fail too.
    pub(crate) const fn breaking() -> Self {
        Self::failing(0)
    }

    pub(crate) fn of_mode(mode: Mode, spec: &Spec) -> Self {
        match mode {
            Mode::Up => Self::passing(0),
            Mode::Slow(ms) => Self::passing(ms * MILLISECOND),
            Mode::Dead | Mode::Garbage => Self::failing(0),
            Mode::Frozen => Self::failing(spec.timeout + 50 * MILLISECOND),
        }
    }

    pub(crate) const fn depends_on(spec: &Spec, dependency: usize) -> bool {
        matches!(spec.source, Source::Dependency(number) if number == dependency)
    }
}
