//! What a caller may be told of what was found: the one place that knows which level sees what.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use health_core::{
    Check, Child, ClosedGate, Entry, Event, Happening, Health, Phase, Probe, Reason, Status, Value,
    Visibility,
};

use super::problem::MISCONFIGURED;
use super::time::milliseconds;
use crate::access::Level;

/// What is to be said before startup has passed.
pub(crate) const STILL_INITIALISING: &str = "Service is still initialising";

/// Stands for every text that must not be shown.
pub(crate) const HIDDEN: &str = "check failed";

/// Whether who is told as much as this may know that there is such a check.
pub(crate) fn may_know(check: &Check, level: Level) -> bool {
    may_know_of(check.visibility(), level)
}

const fn may_know_of(visibility: Visibility, level: Level) -> bool {
    match visibility {
        Visibility::Summary => !matches!(level, Level::StatusOnly),
        _ => matches!(level, Level::Full),
    }
}

/// The names of these checks that who is told as much as this may not know.
pub(crate) fn hidden(entries: &[Entry], level: Level) -> BTreeSet<&str> {
    let hidden = entries.iter().filter(|it| !may_know(it.check(), level));
    hidden.map(Entry::name).collect()
}

/// Whether who is told as much as this may know that this has happened. A check may have been
/// hidden since.
pub(crate) fn may_be_told(event: &Event, hidden: &BTreeSet<&str>, level: Level) -> bool {
    let is_hidden = match event.what() {
        Happening::Turned { check, .. } => hidden.contains(&**check),
        _ => false,
    };
    !is_hidden && may_know_of(event.visibility(), level)
}

/// What an answer is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'a> {
    /// A probe and its checks.
    Probe(Probe),
    /// All checks, whatever they serve, and the lifecycle.
    Everything,
    /// The checks with a tag.
    Group(&'a str),
    /// One check.
    Check(Told<'a>),
    /// A child of a check, and those below it.
    Child(Told<'a>, &'a str),
}

/// What was found, as far as the caller may know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) scope: Scope<'a>,
    pub(crate) status: Status,
    pub(crate) phase: &'a Phase,
    pub(crate) gates: &'a [ClosedGate],
    pub(crate) entries: &'a [Entry],
    pub(crate) level: Level,
    pub(crate) asker: Asker<'a>,
}

/// What else a dialect may need to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    /// The name of the service, where its author gave one.
    pub(crate) service: Option<&'a str>,
    /// The path that was asked, as it is mounted: with the names of its parameters.
    pub(crate) path: &'a str,
    /// The query string, as it came.
    pub(crate) query: &'a str,
    pub(crate) moment: Moment<'a>,
}

/// The moment of an answer. What it is asked for holds then alone: that it was is noted, for such an
/// answer is not given again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    health: &'a Health,
    took: Duration,
    is_told: Option<&'a Cell<bool>>,
}

impl<'a> Moment<'a> {
    /// Of an answer that nobody keeps.
    pub(crate) const fn new(health: &'a Health) -> Self {
        Self {
            health,
            took: Duration::ZERO,
            is_told: None,
        }
    }

    /// Of one that took so long to find, noting whether it tells of that.
    pub(crate) const fn noted(health: &'a Health, took: Duration, is_told: &'a Cell<bool>) -> Self {
        Self {
            health,
            took,
            is_told: Some(is_told),
        }
    }

    pub(crate) fn now(self) -> SystemTime {
        self.note();
        self.health.wall_clock()
    }

    /// For how long the process has been up.
    pub(crate) fn uptime(self) -> Duration {
        self.note();
        self.health.uptime()
    }

    /// How long it took to find out.
    pub(crate) fn took(self) -> Duration {
        self.note();
        self.took
    }

    fn note(self) {
        if let Some(is_told) = self.is_told {
            is_told.set(true);
        }
    }
}

impl<'a> View<'a> {
    pub(crate) const fn is_passing(&self) -> bool {
        self.status.is_passing()
    }

    /// The checks that the caller may see: none of them, where only the status is told.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Told<'a>> + Clone + use<'a> {
        let level = self.level;
        let entries = self.entries.iter();
        entries.filter_map(move |entry| Told::new(entry, level))
    }

    /// Whether checks are listed at all.
    pub(crate) fn lists_checks(&self) -> bool {
        self.level > Level::StatusOnly
    }

    pub(crate) fn is_full(&self) -> bool {
        self.level == Level::Full
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.asker.moment.now()
    }

    /// The worst that the checks count as, whether the caller may see them or not.
    pub(crate) fn worst_of_checks(&self) -> Status {
        let counted = self.entries.iter().map(Entry::counts_as);
        counted.max().unwrap_or_default()
    }

    /// For how long whoever asks again is told the same: not at all where that is not for checks to
    /// say.
    pub(crate) fn fresh_for(&self) -> Duration {
        self.asker.moment.note();
        let by_checks = self.entries.iter().map(Entry::fresh_for).min();
        let by_checks = by_checks.filter(|_| self.failing_phase().is_none());
        by_checks.unwrap_or_default()
    }

    /// Where the process stands in its life, if that alone makes fail what was asked.
    pub(crate) fn failing_phase(&self) -> Option<&'a Phase> {
        let is_liveness = matches!(self.scope, Scope::Probe(Probe::Liveness));
        Some(self.phase).filter(|phase| **phase != Phase::Started && !is_liveness)
    }

    /// What to say of that, where more than the verdict is told.
    pub(crate) fn failing_phase_text(&self) -> Option<&'a str> {
        match self.failing_phase()? {
            _ if !self.lists_checks() => None,
            Phase::Starting => Some(self.progress().unwrap_or(STILL_INITIALISING)),
            Phase::Draining => Some("draining"),
            Phase::Maintenance(_) => self.maintenance(),
            Phase::Misconfigured => Some(MISCONFIGURED.detail),
            _ => None,
        }
    }

    /// The groups that the caller may know of: the tags of the checks that it may see. Which check
    /// has which is for those who may know everything.
    pub(crate) fn groups(&self) -> BTreeSet<&'a str> {
        let entries = self.entries();
        entries.flat_map(|told| told.entry.check().tags()).collect()
    }

    /// The verdict, if those checks did not count that the caller leaves out, as far as it may
    /// know of them, and if the phase counted only where that is so.
    pub(crate) fn status_without(
        &self,
        leaves_out: impl Fn(&str) -> bool,
        phase_counts: bool,
    ) -> Status {
        if phase_counts && self.failing_phase().is_some() {
            return Status::Unhealthy;
        }
        let may_leave_out = |entry: &Entry| may_know(entry.check(), self.level);
        let entries = self.entries.iter();
        let counted = entries.filter(|entry| !may_leave_out(entry) || !leaves_out(entry.name()));
        counted.map(Entry::counts_as).max().unwrap_or_default()
    }

    /// How far the start has come, as far as a startup gate says so, and the caller may know.
    pub(crate) fn progress(&self) -> Option<&'a str> {
        let said = self.gates.iter().find_map(ClosedGate::progress);
        said.filter(|_| self.lists_checks())
    }

    /// Why the process is in maintenance, as far as the caller may know.
    pub(crate) fn maintenance(&self) -> Option<&'a str> {
        match self.phase {
            Phase::Maintenance(maintenance) if self.lists_checks() => Some(maintenance.reason()),
            _ => None,
        }
    }
}

/// An entry, as far as a caller may know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    entry: &'a Entry,
    level: Level,
}

impl<'a> Told<'a> {
    /// None if the caller may not even know that there is such a check.
    pub(crate) fn new(entry: &'a Entry, level: Level) -> Option<Self> {
        may_know(entry.check(), level).then_some(Self { entry, level })
    }

    /// Whether everybody who is told of checks may be told of this one.
    #[cfg(feature = "systemd")]
    pub(crate) fn is_public(self) -> bool {
        may_know(self.entry.check(), Level::Summary)
    }

    pub(crate) fn name(self) -> &'a str {
        self.entry.name()
    }

    /// The check's own status.
    pub(crate) fn status(self) -> Status {
        self.entry.status()
    }

    /// What the status means for the verdict.
    pub(crate) fn counts_as(self) -> Status {
        self.entry.counts_as()
    }

    pub(crate) fn is_critical(self) -> bool {
        self.entry.is_critical()
    }

    /// Whether it fails, but all replicas share the failure, so that this one stays in service.
    pub(crate) fn is_forgiven(self) -> bool {
        !self.status().is_passing() && self.is_critical() && self.counts_as().is_passing()
    }

    /// In milliseconds, with one digit after the point.
    pub(crate) fn latency_ms(self) -> Option<f64> {
        self.latency().map(milliseconds)
    }

    pub(crate) fn latency(self) -> Option<Duration> {
        self.entry.latency()
    }

    /// When what was found was found: when the run ended, or, if it has not, was asked for.
    pub(crate) fn observed_at(self) -> SystemTime {
        let started = self.entry.started_at();
        let ended = started.checked_add(self.latency().unwrap_or_default());
        ended.unwrap_or(started)
    }

    /// The public text: what is said by the way, or, where it fails, what is wrong.
    pub(crate) fn text(self) -> Option<&'a str> {
        text(self.status(), self.entry.message())
    }

    /// All that there is to say in one text: the public one, and the private one behind it.
    pub(crate) fn reason(self) -> Option<Cow<'a, str>> {
        reason(self.text(), self.entry.message(), self.error())
    }

    /// The private text of an error.
    pub(crate) fn error(self) -> Option<&'a str> {
        self.entry.error().filter(|_| self.is_full())
    }

    /// What the author says of it.
    pub(crate) fn description(self) -> &'a str {
        self.entry.check().description()
    }

    /// The probes that it serves.
    pub(crate) fn probes(self) -> impl Iterator<Item = Probe> + use<'a> {
        self.entry.check().probes().iter()
    }

    /// Whether it has ever run.
    pub(crate) fn is_known(self) -> bool {
        self.entry.reason() != Some(Reason::NoResult)
    }

    pub(crate) fn is_disabled(self) -> bool {
        self.entry.reason() == Some(Reason::Disabled)
    }

    /// The check whose failure is the cause of this one, if the caller may know of it.
    pub(crate) fn cause(self) -> Option<&'a str> {
        let cause = self.entry.cause_check()?;
        may_know(cause, self.level).then_some(cause.name())
    }

    pub(crate) fn data(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let is_full = self.is_full();
        self.entry.data().filter(move |_| is_full)
    }

    pub(crate) fn children(self) -> impl Iterator<Item = ToldChild<'a>> + use<'a> {
        let is_full = self.is_full();
        let children = self.entry.children();
        children.map(move |child| ToldChild { child, is_full })
    }

    /// The children at this path, `a/b` for the child `a.b`, and below it.
    pub(crate) fn children_at(self, path: &str) -> impl Iterator<Item = ToldChild<'a>> {
        self.children()
            .filter(move |child| is_at(child.name(), path))
    }

    /// The worst of them; none if there are none.
    pub(crate) fn status_below(self, path: &str) -> Option<Status> {
        self.children_at(path).map(ToldChild::status).max()
    }

    /// Its tags, for those who may know everything.
    pub(crate) fn tags(self) -> impl Iterator<Item = &'a str> {
        self.full()
            .into_iter()
            .flat_map(|entry| entry.check().tags())
    }

    /// What only those may know who may know everything.
    pub(crate) fn full(self) -> Option<&'a Entry> {
        self.is_full().then_some(self.entry)
    }

    fn is_full(self) -> bool {
        self.level == Level::Full
    }
}

/// A child of a check, as far as a caller may know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToldChild<'a> {
    child: Child<'a>,
    is_full: bool,
}

impl<'a> ToldChild<'a> {
    pub(crate) fn name(self) -> &'a str {
        self.child.name()
    }

    pub(crate) fn status(self) -> Status {
        self.child.status()
    }

    /// The public text, as that of a check.
    pub(crate) fn text(self) -> Option<&'a str> {
        text(self.status(), self.child.message())
    }

    /// The same in one text as that of a check.
    pub(crate) fn reason(self) -> Option<Cow<'a, str>> {
        reason(self.text(), self.child.message(), self.error())
    }

    pub(crate) fn error(self) -> Option<&'a str> {
        self.child.error().filter(|_| self.is_full)
    }

    pub(crate) fn data(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let is_full = self.is_full;
        self.child.data().filter(move |_| is_full)
    }

    /// What it means for a check that counts as this: no worse than the check does.
    pub(crate) fn counts_as(self, check: Status) -> Status {
        self.status().min(check)
    }

    /// What only those may know who may know everything.
    pub(crate) fn full(self) -> Option<Child<'a>> {
        self.is_full.then_some(self.child)
    }
}

/// Whether the child of this name is at the path, or below it.
fn is_at(name: &str, path: &str) -> bool {
    let mut parts = name.split('.');
    path.split('/').all(|segment| parts.next() == Some(segment))
}

/// The private text behind the public one, if its author gave one.
fn reason<'a>(
    text: Option<&'a str>,
    message: Option<&'a str>,
    error: Option<&'a str>,
) -> Option<Cow<'a, str>> {
    match (message, error) {
        (Some(message), Some(error)) => Some(format!("{message}: {error}").into()),
        (None, Some(error)) => Some(error.into()),
        (_, None) => text.map(Cow::from),
    }
}

/// A failure never goes without a text.
fn text(status: Status, message: Option<&str>) -> Option<&str> {
    if status.is_passing() {
        message
    } else {
        Some(message.unwrap_or(HIDDEN))
    }
}
