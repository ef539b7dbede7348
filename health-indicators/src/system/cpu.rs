//! How often the container was stopped because it had used up its CPU time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use health_core::{Check, Outcome};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::measured::Measured;
use crate::size::{percent, rounded};
use crate::system;
use crate::system::files::Files;
use crate::system::group::{Group, Version};
use crate::system::parse::{field, number, quota};
use crate::system::share::Limits;

/// A check of the name `cpu` that does what [`Throttling::look`] does, with a timeout of
/// [`TIMEOUT`](super::TIMEOUT). It serves no probe until told which.
#[track_caller]
pub fn check() -> Check {
    Throttling::new().check()
}

/// In how many of the periods (of 100 ms by default) since the last run the container was stopped,
/// because it had used up its quota of CPU time (`cpu.max`). The worst counts, of its group and
/// those that it lies in.
///
/// Stopped threads answer nobody: requests wait for the next period, and probes time out though the
/// CPU seems to be idle. A slow service is better than none, hence it is degraded from 25 %, as the
/// alert `CPUThrottlingHigh` of the Kubernetes mixin has it, and unhealthy never, unless asked for.
///
/// | public message | when |
/// |---|---|
/// | `throttled in 40 % of the periods, 25 % or more` | a limit is reached |
/// | `no file descriptor is left` | so nothing can be read |
///
/// Measured values: `throttled_percent`, `throttled_periods` since the container began, `cores` that
/// there is time for. None of them is there where there is no quota; that is healthy.
///
/// Two runs are compared, so the first tells of nothing. Between them lie at least 10 periods, or
/// 10 seconds; what is asked sooner tells what was found before. In an annotated check, keep it:
///
/// ```
/// use std::sync::LazyLock;
/// use health_core::{Outcome, health_check};
/// use health_indicators::system::cpu::Throttling;
///
/// static CPU: LazyLock<Throttling> = LazyLock::new(Throttling::new);
///
/// /// There is enough CPU time.
/// #[health_check(kind = "readiness")]
/// async fn cpu() -> Outcome {
///     CPU.look()
/// }
/// ```
#[derive(Debug)]
pub struct Throttling {
    limits: Limits,
    files: Files,
    seen: Mutex<HashMap<PathBuf, Seen>>,
}

impl Default for Throttling {
    fn default() -> Self {
        Self {
            limits: Limits {
                degraded: 25.0,
                unhealthy: Limits::NEVER,
            },
            files: Files::default(),
            seen: Mutex::default(),
        }
    }
}

impl Throttling {
    /// That of the container of this process.
    pub fn new() -> Self {
        Self::default()
    }

    /// From how many of the periods in per cent it is degraded. Default: 25.
    #[must_use]
    pub fn with_degraded_from_percent(mut self, percent: f64) -> Self {
        self.limits.degraded = percent;
        self
    }

    /// From how many of the periods in per cent it is unhealthy. Default: never.
    #[must_use]
    pub fn with_unhealthy_from_percent(mut self, percent: f64) -> Self {
        self.limits.unhealthy = percent;
        self
    }

    /// Looks, and compares with when it looked before.
    pub fn look(&self) -> Outcome {
        match self.found() {
            Ok(found) => self.told(&found),
            Err(failure) => failure.into(),
        }
    }

    /// A check of the name `cpu`, with a timeout of [`TIMEOUT`](super::TIMEOUT). It serves no probe
    /// until told which.
    #[track_caller]
    pub fn check(self) -> Check {
        system::check("cpu", move || self.look())
    }

    fn found(&self) -> Result<Found, Failure> {
        let group = Group::limiting(&self.files, "cpu")?;
        let mut found = Found::default();
        let mut kept = HashMap::new();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (depth, folder) in group.iter().flat_map(|g| &g.folders).enumerate() {
            let Some(now) = Periods::read(&self.files, folder.join("cpu.stat"))? else {
                continue;
            };
            let before = seen.get(folder).copied();
            let after = before.map_or_else(|| Seen::first(now), |before| before.then(now));
            found.percent = found
                .percent
                .into_iter()
                .chain(after.percent)
                .reduce(f64::max);
            if depth == 0 {
                found.throttled = Some(now.throttled);
            }
            kept.insert(folder.clone(), after);
        }
        *seen = kept;
        drop(seen);
        found.cores = group.map_or(Ok(None), |group| cores(&self.files, &group))?;
        Ok(found)
    }

    fn told(&self, found: &Found) -> Outcome {
        let mut measured = Measured::default();
        if let Some(cores) = found.cores {
            measured.add("cores", cores);
            if let Some(throttled) = found.throttled {
                measured.add("throttled_periods", throttled);
            }
        }
        let percent = found.percent.map(rounded);
        if let Some(percent) = percent {
            measured.add("throttled_percent", percent);
        }
        let why = |limit| {
            let percent = percent.unwrap_or_default();
            format!("throttled in {percent} % of the periods, {limit} % or more")
        };
        measured.told(Ok(self.limits.judge(percent.unwrap_or_default(), why)))
    }
}

#[derive(Debug, Default)]
struct Found {
    percent: Option<f64>,
    throttled: Option<u64>,
    cores: Option<f64>,
}

/// How many periods there were, and in how many of them the group was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Periods {
    all: u64,
    throttled: u64,
}

impl Periods {
    fn read(files: &Files, stat: PathBuf) -> Result<Option<Self>, Failure> {
        let stat = files.text(stat)?.unwrap_or_default();
        let all = field(&stat, "nr_periods").filter(|all| *all > 0);
        let both = all.zip(field(&stat, "nr_throttled"));
        Ok(both.map(|(all, throttled)| Self { all, throttled }))
    }

    /// What has come since; none where the group is another of the same name.
    fn since(self, before: Self) -> Option<Self> {
        Some(Self {
            all: self.all.checked_sub(before.all)?,
            throttled: self.throttled.checked_sub(before.throttled)?,
        })
    }
}

/// What was seen of a group when, and what that meant.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    periods: Periods,
    percent: Option<f64>,
}

impl Seen {
    fn first(periods: Periods) -> Self {
        Self {
            at: Instant::now(),
            periods,
            percent: None,
        }
    }

    fn then(self, now: Periods) -> Self {
        const FEWEST: u64 = 10;
        const LONGEST: Duration = Duration::from_secs(10);
        let Some(new) = now.since(self.periods) else {
            return Self::first(now);
        };
        if new.all < FEWEST && self.at.elapsed() < LONGEST {
            return self;
        }
        let throttled = percent(new.throttled.min(new.all), new.all);
        Self {
            percent: Some(throttled.unwrap_or(0.0)),
            ..Self::first(now)
        }
    }
}

/// The least that any of the groups has time for.
fn cores(files: &Files, group: &Group) -> Result<Option<f64>, Failure> {
    let mut least: Option<f64> = None;
    for folder in &group.folders {
        let read = |name| files.text(folder.join(name));
        let cores = match group.version {
            Version::Two => read("cpu.max")?.as_deref().and_then(quota),
            Version::One => {
                let number = |name| Ok::<_, Failure>(read(name)?.as_deref().and_then(number));
                let pair = number("cpu.cfs_quota_us")?.zip(number("cpu.cfs_period_us")?);
                pair.and_then(|(quota, period)| system::parse::quota(&format!("{quota} {period}")))
            }
        };
        least = least.into_iter().chain(cores).reduce(f64::min);
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use health_core::Value;
    use proptest::prelude::*;

    use super::*;
    use crate::system::fixture::{Tree, told, value};

    fn stat(all: u64, throttled: u64) -> String {
        format!("usage_usec 9\nnr_periods {all}\nnr_throttled {throttled}\nthrottled_usec 5\n")
    }

    fn of(tree: &Tree) -> Throttling {
        Throttling {
            files: tree.files(),
            ..Throttling::new()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_runs_are_compared() {
        let mut tree = Tree::second("/web");
        let folder = "sys/fs/cgroup/web";
        tree.add(&format!("{folder}/cpu.max"), "150000 100000\n");
        tree.add(&format!("{folder}/cpu.stat"), &stat(1000, 900));
        let cpu = of(&tree);
        let outcome = cpu.look();
        assert_eq!(told(&outcome), "healthy: ");
        assert_eq!(value(&outcome, "cores"), Some(Value::Float(1.5)));
        assert_eq!(
            value(&outcome, "throttled_periods"),
            Some(Value::Integer(900))
        );
        assert_eq!(value(&outcome, "throttled_percent"), None);
        tree.add(&format!("{folder}/cpu.stat"), &stat(1009, 909));
        assert_eq!(value(&cpu.look(), "throttled_percent"), None);
        tree.add(&format!("{folder}/cpu.stat"), &stat(1020, 908));
        let text = "degraded: throttled in 40 % of the periods, 25 % or more";
        assert_eq!(told(&cpu.look()), text);
        assert_eq!(told(&cpu.look()), text);
        // Idle, a group has no periods.
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(told(&cpu.look()), "healthy: ");
    }

    #[test]
    fn the_worst_of_the_groups_counts_and_one_that_is_new_begins_anew() {
        let mut tree = Tree::second("/pod/web");
        tree.add("sys/fs/cgroup/pod/web/cpu.stat", &stat(100, 0));
        tree.add("sys/fs/cgroup/pod/cpu.stat", &stat(100, 0));
        let cpu = of(&tree);
        cpu.look();
        tree.add("sys/fs/cgroup/pod/web/cpu.stat", &stat(200, 10));
        tree.add("sys/fs/cgroup/pod/cpu.stat", &stat(200, 50));
        let text = "degraded: throttled in 50 % of the periods, 25 % or more";
        assert_eq!(told(&cpu.look()), text);
        tree.add("sys/fs/cgroup/pod/cpu.stat", &stat(20, 20));
        assert_eq!(told(&cpu.look()), "healthy: ");
    }

    #[test]
    fn version_one_has_its_quota_in_two_files() {
        let mut tree = Tree::first("/docker/0a1b");
        let folder = "sys/fs/cgroup/cpu,cpuacct";
        tree.add(&format!("{folder}/cpu.cfs_quota_us"), "50000\n");
        tree.add(&format!("{folder}/cpu.cfs_period_us"), "100000\n");
        tree.add(&format!("{folder}/cpu.stat"), &stat(7, 2));
        let outcome = of(&tree).look();
        assert_eq!(value(&outcome, "cores"), Some(Value::Float(0.5)));
        tree.add(&format!("{folder}/cpu.cfs_quota_us"), "-1\n");
        assert_eq!(of(&tree).look().data().count(), 0);
    }

    #[test]
    fn without_groups_nothing_is_told() {
        let outcome = of(&Tree::empty()).look();
        assert_eq!(
            (told(&outcome).as_str(), outcome.data().count()),
            ("healthy: ", 0)
        );
    }

    proptest! {
        #[test]
        fn what_is_seen_is_a_share(counts in proptest::collection::vec((any::<u64>(), any::<u64>()), 2..9)) {
            let mut periods = counts.into_iter().map(|(all, throttled)| Periods { all, throttled });
            let first = Seen::first(periods.next().unwrap());
            let last = periods.fold(first, Seen::then);
            prop_assert!(last.percent.is_none_or(|percent| (0.0..=100.0).contains(&percent)));
        }
    }
}
