use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::bind::Brought;
use crate::finding::{Finding, FoundChild, Kept};
use crate::gate::ClosedGate;
use crate::lasting::Lasting;
use crate::{Check, Phase, Probe, Reason, Status, Value};

/// What a probe found: its checks and the verdict.
///
/// Knows no wire format; a dialect turns it into a response.
#[derive(Clone, Debug)]
pub struct Report {
    probe: Probe,
    phase: Phase,
    status: Status,
    gates: Vec<ClosedGate>,
    entries: Vec<Entry>,
    lasting: Option<Lasting>,
}

impl Report {
    /// Weighs the entries. The verdict of readiness and startup also depends on the phase.
    pub(crate) fn new(
        probe: Probe,
        phase: Phase,
        gates: Vec<ClosedGate>,
        mut entries: Vec<Entry>,
    ) -> Self {
        let status = if fails(probe, &phase) {
            Status::Unhealthy
        } else {
            worst(entries.iter().map(Entry::counts_as))
        };
        causes_first(&mut entries);
        Self {
            probe,
            phase,
            status,
            gates,
            entries,
            lasting: None,
        }
    }

    /// The same, to be told to whoever asks again.
    pub(crate) fn lasting_since(
        mut self,
        changes: u64,
        has_prerequisites: bool,
        brought: Vec<Brought>,
    ) -> Self {
        self.lasting = Lasting::of(&self, changes, has_prerequisites, brought);
        self
    }

    /// By what it is known to be what whoever asks again would be told; none if that cannot be known.
    #[doc(hidden)]
    pub const fn lasting(&self) -> Option<&Lasting> {
        self.lasting.as_ref()
    }

    /// The probe that was asked.
    pub const fn probe(&self) -> Probe {
        self.probe
    }

    /// Where the process stands in its life, as far as this probe cares.
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The verdict: the worst of what the entries count as; unhealthy if the phase fails the
    /// probe.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Whether the probe passes.
    pub const fn is_passing(&self) -> bool {
        self.status.is_passing()
    }

    /// The startup gates that are not open, sorted by name; for startup and readiness.
    pub fn closed_gates(&self) -> &[ClosedGate] {
        &self.gates
    }

    /// The checks: first those whose failure is the cause of others, then the rest, each sorted
    /// by name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// What the checks with one tag found.
///
/// Each check is asked for itself, so drain, maintenance and startup gates do not matter: a group
/// tells how what belongs together is doing, not whether the process is to be sent requests.
#[derive(Clone, Debug)]
pub struct GroupReport {
    tag: String,
    status: Status,
    entries: Vec<Entry>,
}

impl GroupReport {
    pub(crate) fn new(tag: String, mut entries: Vec<Entry>) -> Self {
        let status = worst(entries.iter().map(Entry::counts_as));
        causes_first(&mut entries);
        Self {
            tag,
            status,
            entries,
        }
    }

    /// The tag that the checks have in common.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The worst of what the entries count as: the failure of a check that is not critical
    /// degrades the group.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Whether the group passes.
    pub const fn is_passing(&self) -> bool {
        self.status.is_passing()
    }

    /// The checks: first those whose failure is the cause of others, then the rest, each sorted
    /// by name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

pub(crate) fn causes_first(entries: &mut [Entry]) {
    let causes: BTreeSet<_> = entries.iter().filter_map(Entry::cause).collect();
    if causes.is_empty() {
        return;
    }
    let causes: BTreeSet<_> = causes.into_iter().map(str::to_owned).collect();
    entries.sort_by_key(|entry| !causes.contains(entry.name()));
}

/// Whether the phase alone fails the probe.
fn fails(probe: Probe, phase: &Phase) -> bool {
    match phase {
        Phase::Started => false,
        Phase::Starting | Phase::Misconfigured => probe != Probe::Liveness,
        Phase::Draining | Phase::Maintenance(_) => probe == Probe::Readiness,
    }
}

/// The worst of several; healthy if there are none.
pub(crate) fn worst(statuses: impl IntoIterator<Item = Status>) -> Status {
    statuses.into_iter().max().unwrap_or_default()
}

/// What one check found.
#[derive(Clone, Debug)]
pub struct Entry {
    check: Arc<Check>,
    role: Probe,
    finding: Finding,
    counts_as: Status,
    cause: Option<Arc<Check>>,
    kept: Kept,
    fresh_for: Duration,
}

impl Entry {
    /// `role` is the probe that the check serves here: startup, for a startup check that
    /// readiness asks.
    pub(crate) fn new(
        check: Arc<Check>,
        role: Probe,
        finding: Finding,
        kept: Kept,
        now: Instant,
    ) -> Self {
        let counts_until = finding.counts_until(&check, role, now);
        Self {
            counts_as: finding.counts_as(&check, role, now),
            check,
            role,
            finding,
            cause: None,
            kept: counts_until.map_or(kept, |until| kept.at_most_until(until)),
            fresh_for: Duration::ZERO,
        }
    }

    /// The report is made now.
    pub(crate) fn made_at(&mut self, now: Instant) {
        self.fresh_for = match self.kept {
            Kept::Not => Duration::ZERO,
            Kept::Until(until) => until.saturating_duration_since(now),
            Kept::Latched => {
                let settings = self.check.settings();
                settings.kept(Probe::Startup, Status::Healthy, false)
            }
        };
    }

    /// How long whoever asks again gets this.
    pub(crate) const fn kept(&self) -> Kept {
        self.kept
    }

    /// The same is said by another entry of the check, which may be fresh for less.
    pub(crate) fn shares_with(&mut self, other: &Self) {
        self.fresh_for = self.fresh_for.min(other.fresh_for);
    }

    pub(crate) fn set_cause(&mut self, cause: Arc<Check>) {
        self.cause = Some(cause);
    }

    /// Orders what several probes found of one check: the worst is the greatest, of equals the
    /// newest.
    pub(crate) fn rank(&self) -> impl Ord + use<> {
        let weight = (self.counts_as, self.status());
        let asked = self.finding.sample.asked;
        (weight, asked, self.is_critical(), Reverse(self.role))
    }

    /// The check.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// The check's name.
    pub fn name(&self) -> &str {
        self.check.name()
    }

    /// Whether the check's failure fails the probe, unless it is shared.
    pub fn is_critical(&self) -> bool {
        self.check.is_critical_for(self.role)
    }

    /// The status, after thresholds.
    pub fn status(&self) -> Status {
        self.finding.status(self.role)
    }

    /// The status that the last run found, before thresholds.
    pub fn raw_status(&self) -> Status {
        self.finding.sample.raw
    }

    /// What the status means for the probe: the failure of a check that is not critical, or of
    /// one that is shared, degrades it.
    pub const fn counts_as(&self) -> Status {
        self.counts_as
    }

    /// Since when it has its status: the start of the run that decided it. None before enough is
    /// known.
    pub fn since(&self) -> Option<SystemTime> {
        self.finding.standing.since().map(|since| since.at)
    }

    /// How many of the last runs in a row failed.
    pub fn consecutive_failures(&self) -> u32 {
        self.finding.standing.failures()
    }

    /// The name of the [check whose failure is the cause](Self::cause_check) of this one.
    pub fn cause(&self) -> Option<&str> {
        self.cause_check().map(Check::name)
    }

    /// The check whose failure is the cause of this one: the first in the chain of prerequisites.
    /// Whom its [visibility](Check::visibility) keeps from being told of it is not to be told its
    /// name here either.
    pub fn cause_check(&self) -> Option<&Check> {
        self.cause.as_deref()
    }

    /// Why the outcome is not simply what the check returned.
    pub fn reason(&self) -> Option<Reason> {
        self.finding.sample.reason
    }

    /// The public text: the author's message, or the framework's. Secrets are masked. It names no
    /// other check that only callers with full access are told of.
    pub fn message(&self) -> Option<&str> {
        self.finding.sample.message.as_deref()
    }

    /// The private text of an error or a panic, or of the framework's message with all names, for
    /// callers with full access only. Secrets are masked.
    pub fn error(&self) -> Option<&str> {
        self.finding.sample.error.as_deref()
    }

    /// How long the run took. None if it has not ended in time, or never ran.
    pub fn latency(&self) -> Option<Duration> {
        self.finding.sample.latency
    }

    /// When the run was asked for.
    pub fn started_at(&self) -> SystemTime {
        self.finding.sample.at
    }

    /// How long whoever asks for the same again gets this result, counted from when the report was
    /// made: what a `Cache-Control: max-age` may promise of this check.
    ///
    /// - The result of a run: what is left of [`cache_ms`](Check::cache), or
    ///   [`cache_failure_ms`](Check::cache_failure) if the run failed; by a schedule, at most until
    ///   its next run is due; for a shared check that is forgiven its failure, at most until it is
    ///   no more. Zero while a run is under way, for that brings a newer result.
    /// - A startup check that has passed: its `cache_ms` as a whole, 1 s by default. It is never
    ///   asked again, but another process may come in the place of this one.
    /// - Zero for all else: what is told without a result of a run, such as that the check was
    ///   skipped, is still running, or has grown stale, and what operators say and may take back: that
    ///   it is overridden or disabled.
    ///
    /// In an [`Overview`](crate::Overview) it is the least of all probes that the check serves, in
    /// a whole answer the least of its entries. What nobody can foresee is left out: that the
    /// process drains, or that something else is said of the check.
    pub const fn fresh_for(&self) -> Duration {
        self.fresh_for
    }

    /// The measured values. Secrets in texts are masked.
    pub fn data(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        let data = &self.finding.sample.data;
        data.iter().map(|(name, value)| (&**name, value))
    }

    /// The [children](crate::Outcome::with_child) that the run spoke of, in its order. There are
    /// none where it did not come so far: it timed out, or panicked.
    pub fn children(&self) -> impl ExactSizeIterator<Item = Child<'_>> {
        let children = self.finding.children.iter();
        children.map(|found| Child {
            found,
            role: self.role,
        })
    }
}

/// What a check found of one of its [children](crate::Outcome::with_child).
#[derive(Clone, Copy, Debug)]
pub struct Child<'a> {
    found: &'a FoundChild,
    role: Probe,
}

impl<'a> Child<'a> {
    /// The name. Secrets are masked.
    pub fn name(self) -> &'a str {
        &self.found.sample.name
    }

    /// The status, after the check's thresholds, which count the child's own runs in a row. While
    /// nothing is decided, a child passes for liveness alone.
    pub fn status(self) -> Status {
        self.found.standing.status(self.role)
    }

    /// The status that the last run found, before thresholds.
    pub fn raw_status(self) -> Status {
        self.found.sample.raw
    }

    /// Since when it has its status: the start of the run that decided it. None before enough is
    /// known.
    pub fn since(self) -> Option<SystemTime> {
        self.found.standing.since().map(|since| since.at)
    }

    /// How many of the last runs in a row that spoke of it failed.
    pub const fn consecutive_failures(self) -> u32 {
        self.found.standing.failures()
    }

    /// The public text: the author's message. Secrets are masked.
    pub fn message(self) -> Option<&'a str> {
        self.found.sample.message.as_deref()
    }

    /// The private text of an error, for callers with full access only. Secrets are masked.
    pub fn error(self) -> Option<&'a str> {
        self.found.sample.error.as_deref()
    }

    /// The measured values. Secrets in texts are masked.
    pub fn data(self) -> impl ExactSizeIterator<Item = (&'a str, &'a Value)> {
        let data = &self.found.sample.data;
        data.iter().map(|(name, value)| (&**name, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn status() -> impl Strategy<Value = Status> {
        prop_oneof![
            Just(Status::Healthy),
            Just(Status::Degraded),
            Just(Status::Unhealthy)
        ]
    }

    fn verdict(checks: &[(Status, bool)]) -> Status {
        worst(checks.iter().map(|(s, critical)| s.weighed(*critical)))
    }

    proptest! {
        #[test]
        fn the_worst_wins_in_any_order(
            mut checks in prop::collection::vec((status(), any::<bool>()), 0..20),
        ) {
            let forwards = verdict(&checks);
            checks.reverse();
            prop_assert_eq!(forwards, verdict(&checks));
            let failing = checks.iter().any(|(s, critical)| *critical && !s.is_passing());
            prop_assert_eq!(forwards == Status::Unhealthy, failing);
            let perfect = checks.iter().all(|(s, _)| *s == Status::Healthy);
            prop_assert_eq!(forwards == Status::Healthy, perfect);
        }

        #[test]
        fn a_further_check_never_makes_it_better(
            mut checks in prop::collection::vec((status(), any::<bool>()), 0..20),
            further in (status(), any::<bool>()),
        ) {
            let before = verdict(&checks);
            checks.push(further);
            prop_assert!(verdict(&checks) >= before);
        }
    }

    #[test]
    fn a_phase_fails_the_probes_that_it_concerns() {
        let maintenance = Phase::Maintenance(crate::Maintenance::new("x"));
        for (phase, failing) in [
            (Phase::Started, vec![]),
            (Phase::Starting, vec![Probe::Readiness, Probe::Startup]),
            (Phase::Draining, vec![Probe::Readiness]),
            (maintenance, vec![Probe::Readiness]),
            (Phase::Misconfigured, vec![Probe::Readiness, Probe::Startup]),
        ] {
            for probe in Probe::ALL {
                let report = Report::new(probe, phase.clone(), Vec::new(), Vec::new());
                assert_eq!(
                    report.is_passing(),
                    !failing.contains(&probe),
                    "{probe} {phase:?}"
                );
            }
        }
    }
}
