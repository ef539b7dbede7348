//! What the runs found, for machines: see the documentation of the command for what of it is
//! promised.

use health_core::{Child, Entry, Health, Reason, Status, Value};
use serde::Serialize;

use crate::command::output::{NOT_WELL, UNKNOWN, WELL};
use crate::dialect::members::Members;
use crate::dialect::time::milliseconds;

/// All that was run.
#[derive(Debug, Serialize)]
pub(super) struct Ran<'a> {
    pub(super) status: Status,
    pub(super) checks: Vec<RanCheck<'a>>,
    /// Whether each was asked for by its name, and counts for itself.
    #[serde(skip)]
    named: bool,
}

/// One check. Its status is what this run found: thresholds count runs in a row, and there is one.
#[derive(Debug, Serialize)]
pub(super) struct RanCheck<'a> {
    pub(super) name: &'a str,
    pub(super) status: Status,
    pub(super) critical: bool,
    pub(super) reason: Option<Reason>,
    pub(super) latency_ms: Option<f64>,
    pub(super) message: Option<&'a str>,
    pub(super) error: Option<&'a str>,
    pub(super) caused_by: Option<&'a str>,
    data: Members<'a, &'a Value>,
    pub(super) children: Vec<RanChild<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct RanChild<'a> {
    pub(super) name: &'a str,
    pub(super) status: Status,
    pub(super) message: Option<&'a str>,
    pub(super) error: Option<&'a str>,
    data: Members<'a, &'a Value>,
}

impl<'a> Ran<'a> {
    pub(super) fn new(entries: &'a [Entry], named: bool) -> Self {
        let checks: Vec<_> = entries.iter().map(RanCheck::new).collect();
        let counts = |check: &RanCheck<'_>| check.status.weighed(named || check.critical);
        Self {
            status: checks.iter().map(counts).max().unwrap_or_default(),
            checks,
            named,
        }
    }

    /// That one could not be asked is no reason to say that it is unhealthy.
    pub(super) fn code(&self) -> u8 {
        let counting = self
            .checks
            .iter()
            .filter(|check| self.named || check.critical);
        let failing = counting.filter(|check| !check.status.is_passing());
        let (unknown, unhealthy): (Vec<_>, Vec<_>) = failing.partition(|check| check.is_unknown());
        match (unhealthy.is_empty(), unknown.is_empty()) {
            (false, _) => NOT_WELL,
            (true, false) => UNKNOWN,
            (true, true) => WELL,
        }
    }

    /// What there is to do about checks that take what only requests bring.
    pub(super) fn unbound(&self, health: &Health) -> Vec<String> {
        let unbound = |check: &&RanCheck<'_>| check.reason == Some(Reason::NotInitialised);
        let names: Vec<_> = self.checks.iter().filter(unbound).collect();
        let Err(error) = health.ensure_standalone() else {
            return Vec::new();
        };
        let mistakes = error.mistakes().iter().map(ToString::to_string);
        let concerns = |text: &String| {
            let begins =
                |check: &&RanCheck<'_>| text.starts_with(&format!("check `{}` ", check.name));
            names.iter().any(begins)
        };
        mistakes.filter(concerns).collect()
    }
}

impl<'a> RanCheck<'a> {
    fn new(entry: &'a Entry) -> Self {
        Self {
            name: entry.name(),
            status: entry.raw_status(),
            critical: entry.is_critical(),
            reason: entry.reason(),
            latency_ms: entry.latency().map(milliseconds),
            message: entry.message(),
            error: entry.error(),
            caused_by: entry.cause(),
            data: Members::named(entry.data()),
            children: entry.children().map(RanChild::new).collect(),
        }
    }

    /// Whether it could not be asked at all.
    fn is_unknown(&self) -> bool {
        matches!(self.reason, Some(Reason::NotInitialised | Reason::NoResult))
    }
}

impl<'a> RanChild<'a> {
    fn new(child: Child<'a>) -> Self {
        Self {
            name: child.name(),
            status: child.raw_status(),
            message: child.message(),
            error: child.error(),
            data: Members::named(child.data()),
        }
    }
}
