use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::sample::{Asked, Sample};
use crate::{Check, Probe, Reason, Status};

/// What was counted since the [`Health`](crate::Health) was built, and what its threads do just now.
///
/// Counts are of the whole process, whatever callers bring, and none ever goes back. They stay with
/// a check that is renamed or disabled, and go with one that is removed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), health_core::BuildError> {
/// use health_core::{Caller, Check, HealthBuilder, Probe, RunResult, Runtime};
///
/// let database = Check::new("database", async || false).readiness();
/// let builder = HealthBuilder::empty().runtime(Runtime::current());
/// let health = builder.check(database).build()?;
/// health.probe(Probe::Readiness, Caller::nobody()).await;
/// let measurements = health.measurements();
/// let [database] = measurements.checks() else {
///     panic!("there is one check");
/// };
/// assert_eq!(database.runs(RunResult::Unhealthy), 1);
/// assert_eq!(database.durations().count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Measurements {
    pub(crate) checks: Vec<CheckMeasurements>,
    pub(crate) probes: [ProbeMeasurements; Probe::ALL.len()],
    pub(crate) threads: EngineThreads,
    pub(crate) stuck_runs: usize,
}

impl Measurements {
    /// Each check, sorted by name.
    pub fn checks(&self) -> &[CheckMeasurements] {
        &self.checks
    }

    /// Each probe, in the order of [`Probe::ALL`].
    pub const fn probes(&self) -> &[ProbeMeasurements] {
        &self.probes
    }

    /// What the engine's threads do.
    pub const fn threads(&self) -> &EngineThreads {
        &self.threads
    }

    /// How many runs are past their timeout and have not ended, also those of checks that were
    /// removed: they may hold a thread, or a connection.
    pub const fn stuck_runs(&self) -> usize {
        self.stuck_runs
    }
}

/// What is counted of a check. It never grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) runs: [u64; RunResult::ALL.len()],
    pub(crate) transitions: [u64; STATUSES],
    pub(crate) durations: Distribution,
    pub(crate) last_run: Option<Asked>,
    pub(crate) last_success: Option<Asked>,
}

pub(crate) const STATUSES: usize = Status::Unhealthy as usize + 1;

/// What was counted of a check.
#[derive(Clone, Debug)]
pub struct CheckMeasurements {
    check: Arc<Check>,
    disabled: bool,
    counts: Counts,
}

impl CheckMeasurements {
    pub(crate) const fn new(check: Arc<Check>, disabled: bool, counts: Counts) -> Self {
        Self {
            check,
            disabled,
            counts,
        }
    }

    /// The check as it is now.
    pub const fn check(&self) -> &Arc<Check> {
        &self.check
    }

    /// Whether it is switched off. What was counted before stays.
    pub const fn is_disabled(&self) -> bool {
        self.disabled
    }

    /// How many runs ended so. One that is overdue counts once, as timed out, whatever it finds
    /// later.
    pub const fn runs(&self, result: RunResult) -> u64 {
        self.counts.runs[result as usize]
    }

    /// When the last run was asked for, of those whose result is known.
    pub fn last_run(&self) -> Option<SystemTime> {
        self.counts.last_run.map(|asked| asked.at)
    }

    /// When the last run was asked for that passed, before thresholds.
    pub fn last_success(&self) -> Option<SystemTime> {
        self.counts.last_success.map(|asked| asked.at)
    }

    /// How often it turned to this status, after thresholds, from another one or from none: as often
    /// as observers were told of a [transition](crate::Observer::transition) of the check itself.
    pub const fn transitions(&self, to: Status) -> u64 {
        self.counts.transitions[to as usize]
    }

    /// How long its runs took. One that was given up counts with the time after which it was.
    pub const fn durations(&self) -> &Distribution {
        &self.counts.durations
    }
}

/// What was counted of a probe: of the answers to [`Health::probe`](crate::Health::probe) and
/// [`Health::probe_despite`](crate::Health::probe_despite), each when it was known. Who went away
/// before is not counted.
#[derive(Clone, Debug)]
pub struct ProbeMeasurements {
    probe: Probe,
    verdicts: [u64; 3],
    durations: Distribution,
}

impl ProbeMeasurements {
    pub(crate) const fn new(probe: Probe, verdicts: [u64; 3], durations: Distribution) -> Self {
        Self {
            probe,
            verdicts,
            durations,
        }
    }

    /// The probe.
    pub const fn probe(&self) -> Probe {
        self.probe
    }

    /// How many answers had this verdict.
    pub const fn answers(&self, verdict: Status) -> u64 {
        self.verdicts[verdict as usize]
    }

    /// How long it was from the question to the verdict: no time where an answer that was given before
    /// is given again.
    pub const fn durations(&self) -> &Distribution {
        &self.durations
    }
}

/// What the engine's threads do: those that poll checks, and those on which functions that block
/// are called. All are zero before the first run, and with
/// [`Runtime::current`](crate::Runtime::current).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineThreads {
    pub(crate) idle: usize,
    pub(crate) busy: usize,
    pub(crate) held: usize,
    pub(crate) blocking: usize,
}

impl EngineThreads {
    /// Those that wait for something to poll.
    pub const fn idle(&self) -> usize {
        self.idle
    }

    /// Those that poll something, but are not held.
    pub const fn busy(&self) -> usize {
        self.busy
    }

    /// Those that a single poll has held for 200 ms or longer: what it polls blocks.
    pub const fn held(&self) -> usize {
        self.held
    }

    /// Those on which a check without `async` is called.
    pub const fn blocking(&self) -> usize {
        self.blocking
    }
}

/// How a run ended, before thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunResult {
    /// It found the check healthy.
    Healthy,
    /// It found the check, or a child of it, degraded, or took longer than it should.
    Degraded,
    /// It found the check, or a child of it, unhealthy.
    Unhealthy,
    /// It did not end within its timeout.
    TimedOut,
    /// It panicked.
    Panicked,
    /// It was given up: no thread could be had for it, or the engine was shut down.
    Abandoned,
}

impl RunResult {
    /// All of them, in the order in which they are listed everywhere.
    pub const ALL: [Self; 6] = [
        Self::Healthy,
        Self::Degraded,
        Self::Unhealthy,
        Self::TimedOut,
        Self::Panicked,
        Self::Abandoned,
    ];

    pub(crate) const fn of(sample: &Sample) -> Self {
        match (sample.reason, sample.raw) {
            (Some(Reason::TimedOut), _) => Self::TimedOut,
            (Some(Reason::Panicked), _) => Self::Panicked,
            (Some(Reason::Abandoned), _) => Self::Abandoned,
            (_, Status::Healthy) => Self::Healthy,
            (_, Status::Degraded) => Self::Degraded,
            (_, Status::Unhealthy) => Self::Unhealthy,
        }
    }

    /// The result in `snake_case`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::TimedOut => "timed_out",
            Self::Panicked => "panicked",
            Self::Abandoned => "abandoned",
        }
    }
}

impl fmt::Display for RunResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long things took: how many of them no longer than each bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// How many between each bound and the one before it; the last ones are above all.
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

/// From what answers at once to what nobody waits for any more.
pub(crate) const BOUNDS: [Duration; 14] = [
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

impl Distribution {
    pub(crate) const fn new(counts: [u64; BOUNDS.len() + 1], sum: Duration) -> Self {
        Self { counts, sum }
    }

    /// The place of the first bound that is not less.
    pub(crate) fn bucket(took: Duration) -> usize {
        BOUNDS.partition_point(|bound| *bound < took)
    }

    pub(crate) fn add(&mut self, took: Duration) {
        self.counts[Self::bucket(took)] += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// Each bound, from 0.5 ms to 10 s, and how many took no longer: the last count is less than
    /// [`count`](Self::count) where some took longer than that.
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = (Duration, u64)> {
        let mut sum = 0;
        BOUNDS.iter().zip(&self.counts).map(move |(bound, count)| {
            sum += count;
            (*bound, sum)
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long all of them took together.
    pub const fn sum(&self) -> Duration {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_as_long_as_a_bound_is_within_it() {
        let mut distribution = Distribution::default();
        for micros in [0, 500, 501, 10_000_000, 10_000_001] {
            distribution.add(Duration::from_micros(micros));
        }
        let buckets: Vec<_> = distribution.buckets().map(|(_, count)| count).collect();
        assert_eq!(buckets[..3], [2, 3, 3]);
        assert_eq!(buckets[12..], [3, 4]);
        assert_eq!(distribution.count(), 5);
        assert_eq!(distribution.sum(), Duration::from_micros(20_001_002));
    }

    #[test]
    fn bounds_ascend_and_results_know_their_places() {
        assert!(BOUNDS.is_sorted());
        for (index, result) in RunResult::ALL.into_iter().enumerate() {
            assert_eq!(result as usize, index);
        }
    }
}
