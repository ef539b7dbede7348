use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::sample::Sample;
use crate::{Check, Phase, Probe, Reason, Status, Value};

/// What a probe found: its checks and the verdict.
///
/// Knows no wire format; a dialect turns it into a response.
#[derive(Clone, Debug)]
pub struct Report {
    probe: Probe,
    phase: Phase,
    status: Status,
    entries: Vec<Entry>,
}

impl Report {
    /// Weighs the entries. The verdict of readiness and startup also depends on the phase.
    pub(crate) fn new(probe: Probe, phase: Phase, entries: Vec<Entry>) -> Self {
        let status = if fails(probe, &phase) {
            Status::Unhealthy
        } else {
            worst(entries.iter().map(|e| e.status().weighed(e.is_critical())))
        };
        Self {
            probe,
            phase,
            status,
            entries,
        }
    }

    /// The probe that was asked.
    pub const fn probe(&self) -> Probe {
        self.probe
    }

    /// Where the process stands in its life, as far as this probe cares.
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The verdict: the worst of the entries, the failures of those that are not critical
    /// counting as degraded; unhealthy if the phase fails the probe.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Whether the probe passes.
    pub const fn is_passing(&self) -> bool {
        self.status.is_passing()
    }

    /// The checks, sorted by name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
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
fn worst(statuses: impl IntoIterator<Item = Status>) -> Status {
    statuses.into_iter().max().unwrap_or_default()
}

/// What one check found.
#[derive(Clone, Debug)]
pub struct Entry {
    check: Arc<Check>,
    sample: Arc<Sample>,
}

impl Entry {
    pub(crate) const fn new(check: Arc<Check>, sample: Arc<Sample>) -> Self {
        Self { check, sample }
    }

    /// The check.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// The check's name.
    pub fn name(&self) -> &str {
        self.check.name()
    }

    /// Whether the check's failure fails the probe.
    pub fn is_critical(&self) -> bool {
        self.check.is_critical()
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.sample.status
    }

    /// Why the outcome is not simply what the check returned.
    pub fn reason(&self) -> Option<Reason> {
        self.sample.reason
    }

    /// The public text: the author's message, or the framework's. Secrets are masked.
    pub fn message(&self) -> Option<&str> {
        self.sample.message.as_deref()
    }

    /// The private text of an error or a panic, for callers with full access only. Secrets are
    /// masked.
    pub fn error(&self) -> Option<&str> {
        self.sample.error.as_deref()
    }

    /// How long the run took. None if it has not ended in time, or never ran.
    pub fn latency(&self) -> Option<Duration> {
        self.sample.latency
    }

    /// When the run was asked for.
    pub fn started_at(&self) -> SystemTime {
        self.sample.at
    }

    /// The measured values. Secrets in texts are masked.
    pub fn data(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.sample
            .data
            .iter()
            .map(|(name, value)| (&**name, value))
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
                let report = Report::new(probe, phase.clone(), Vec::new());
                assert_eq!(
                    report.is_passing(),
                    !failing.contains(&probe),
                    "{probe} {phase:?}"
                );
            }
        }
    }
}
