//! What may be answered, from what was injected alone: by the table and the rules of `semantics.md`, and
//! the promises of the README.

mod check;
mod effect;
mod judge;
mod lateness;
mod statuses;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::VecDeque;

pub(crate) use self::check::{CheckModel, Said, Span};
pub(crate) use self::effect::Effect;
pub(crate) use self::judge::{Answer, Ask, Judged};
pub(crate) use self::lateness::Lateness;
pub(crate) use self::statuses::Statuses;
pub(crate) use self::timeline::{NEVER, Timeline};
use crate::catalogue::CHECKS;
use crate::clock::Moment;

/// So many faults are told with a violation.
const TOLD: usize = 15;

/// What was done to the service, and when.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) start: Moment,
    pub(crate) checks: Vec<CheckModel>,
    pub(crate) draining: Timeline<bool>,
    pub(crate) maintenance: Timeline<bool>,
    pub(crate) lateness: Lateness,
    /// When a worker was held, at the outside.
    pub(crate) blocked: Vec<(Moment, Moment)>,
    faults: VecDeque<(Moment, String)>,
}

impl Model {
    pub(crate) fn new(start: Moment) -> Self {
        Self {
            start,
            checks: CHECKS.iter().map(|spec| CheckModel::new(*spec)).collect(),
            draining: Timeline::new(false),
            maintenance: Timeline::new(false),
            lateness: Lateness::new(start),
            blocked: Vec::new(),
            faults: VecDeque::new(),
        }
    }

    /// The service is there: checks that are told nothing pass.
    pub(crate) fn is_up(&mut self, from: Moment, now: Moment) {
        for check in &mut self.checks {
            if check.spec.kind != crate::catalogue::Kind::Startup {
                let pass = crate::behaviour::Behaviour::Pass;
                let pass = Effect::of_behaviour(pass, &check.spec);
                let change = check.effects.begin(from, pass);
                check.effects.end(change, now);
            }
        }
    }

    /// Takes note of a fault, for those who read of a violation.
    pub(crate) fn note(&mut self, at: Moment, fault: String) {
        self.faults.push_back((at, fault));
        if self.faults.len() > 20 * TOLD {
            self.faults.pop_front();
        }
    }

    /// The last faults before this moment, the last one first.
    pub(crate) fn faults_before(&self, moment: Moment) -> Vec<String> {
        let before = self.faults.iter().rev().filter(|(at, _)| *at <= moment);
        let told = before.take(TOLD).map(|(at, fault)| {
            let before = (moment - at) / 1000;
            format!("{before:>6} ms before: {fault}")
        });
        told.collect()
    }
}
