//! The memory that the container has in use, as a share of what it may have.

use health_core::{Check, Outcome, Status};

use crate::failure::Failure;
use crate::measured::Measured;
use crate::size::spelled;
use crate::system::files::Files;
use crate::system::group::{Group, Version};
use crate::system::parse::{field, kilobytes, number};
use crate::system::share::{Limits, Share};
use crate::system::{self, not_known};

/// Looks how much memory is in use. See [`Memory`] for what it says.
///
/// ```
/// use health_core::{Outcome, health_check};
/// use health_indicators::system::memory;
///
/// /// There is memory left.
/// #[health_check(kind = "readiness")]
/// async fn memory_left() -> Outcome {
///     memory::look()
/// }
/// ```
pub fn look() -> Outcome {
    Memory::new().look()
}

/// A check of the name `memory` that does what [`look`] does, with a timeout of
/// [`TIMEOUT`](super::TIMEOUT). It serves no probe until told which.
#[track_caller]
pub fn check() -> Check {
    Memory::new().check()
}

/// The memory in use: the working set, which is what kubelet evicts by. Pages of files that were
/// not used lately do not count, for the kernel takes those back first.
///
/// | public message | when |
/// |---|---|
/// | `490.0 MiB of 512.0 MiB in use, 95 % or more` | a limit is reached; degraded from 85 %, unhealthy from 95 % |
/// | `490.0 MiB of 480.0 MiB in use, above which the kernel slows the container down` | `memory.high` is reached; degraded |
/// | `no file descriptor is left` | so nothing can be read |
/// | `not known on this system` | it is not Linux; healthy |
///
/// Measured values: `used_bytes`, `limit_bytes`, `used_percent`, `limit_of` (`container` or `host`,
/// which has `MemAvailable`), and of a container `high_bytes`, if set, and `oom_kills`: how many
/// processes were killed in it for want of memory.
///
/// ```
/// use health_indicators::system::memory::Memory;
///
/// let leaking = Memory::new()
///     .with_unhealthy_from_percent(98.0)
///     .check()
///     .liveness()
///     .with_failure_threshold(6);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Memory {
    limits: Limits,
    files: Files,
}

impl Memory {
    /// That of the container of this process.
    pub fn new() -> Self {
        Self::default()
    }

    /// From how much of the limit in per cent it is degraded. Default: 85.
    #[must_use]
    pub fn with_degraded_from_percent(mut self, percent: f64) -> Self {
        self.limits.degraded = percent;
        self
    }

    /// From how much of the limit in per cent it is unhealthy. Default: 95.
    #[must_use]
    pub fn with_unhealthy_from_percent(mut self, percent: f64) -> Self {
        self.limits.unhealthy = percent;
        self
    }

    /// Looks.
    pub fn look(&self) -> Outcome {
        match Found::read(&self.files) {
            Ok(found) => found.told(&self.limits),
            Err(failure) => failure.into(),
        }
    }

    /// A check of the name `memory`, with a timeout of [`TIMEOUT`](super::TIMEOUT). It serves no
    /// probe until told which.
    #[track_caller]
    pub fn check(self) -> Check {
        system::check("memory", move || self.look())
    }
}

#[derive(Debug, Default)]
struct Found {
    tightest: Option<Share>,
    /// Where the kernel begins to slow down what allocates.
    high: Option<Share>,
    oom_kills: Option<u64>,
}

impl Found {
    fn read(files: &Files) -> Result<Self, Failure> {
        let host = host(files)?;
        // What is not limited is written as a limit that no host has.
        let most = host.map_or(1 << 62, |host| host.limit);
        let mut found = match Group::limiting(files, "memory")? {
            Some(group) => Self::of(files, &group, most)?,
            None => Self::default(),
        };
        found.tightest = found.tightest.or(host);
        Ok(found)
    }

    fn of(files: &Files, group: &Group, most: u64) -> Result<Self, Failure> {
        let names = Names::of(group.version);
        let (mut shares, mut highs) = (Vec::new(), Vec::new());
        for folder in &group.folders {
            let read = |name: &str| files.text(folder.join(name));
            let Some(used) = read(names.used)?.as_deref().and_then(number) else {
                continue;
            };
            let stat = read("memory.stat")?.unwrap_or_default();
            let share = |limit| Share {
                used: used.saturating_sub(field(&stat, names.inactive).unwrap_or(0)),
                limit,
                whose: Share::CONTAINER,
            };
            shares.extend(read(names.limit)?.as_deref().and_then(number).map(share));
            highs.extend(read("memory.high")?.as_deref().and_then(number).map(share));
        }
        shares.retain(|share: &Share| share.limit < most);
        let own = group
            .folders
            .first()
            .map(|folder| folder.join(names.events));
        let events = own.map(|events| files.text(events)).transpose()?.flatten();
        Ok(Self {
            tightest: Share::tightest(shares),
            high: Share::tightest(highs),
            oom_kills: events.and_then(|events| field(&events, "oom_kill")),
        })
    }

    fn told(self, limits: &Limits) -> Outcome {
        let Some(share) = self.tightest else {
            return not_known();
        };
        let mut outcome = limits.judge_share(share, spelled);
        if let Some(high) = self.high.filter(|high| high.used >= high.limit)
            && outcome.status() == Status::Healthy
        {
            outcome = Outcome::degraded(slowed(high));
        }
        self.measured(share).told(Ok(outcome))
    }

    fn measured(&self, share: Share) -> Measured {
        let mut measured = Measured::default();
        share.measured(&mut measured, "used_bytes", "limit_bytes");
        if let Some(high) = self.high {
            measured.add("high_bytes", high.limit);
        }
        if let Some(kills) = self.oom_kills {
            measured.add("oom_kills", kills);
        }
        measured
    }
}

fn slowed(high: Share) -> String {
    let (used, limit) = (spelled(high.used), spelled(high.limit));
    format!("{used} of {limit} in use, above which the kernel slows the container down")
}

/// What files and fields are called.
struct Names {
    used: &'static str,
    limit: &'static str,
    inactive: &'static str,
    events: &'static str,
}

impl Names {
    fn of(version: Version) -> Self {
        match version {
            Version::One => Self {
                used: "memory.usage_in_bytes",
                limit: "memory.limit_in_bytes",
                inactive: "total_inactive_file",
                events: "memory.oom_control",
            },
            Version::Two => Self {
                used: "memory.current",
                limit: "memory.max",
                inactive: "inactive_file",
                events: "memory.events",
            },
        }
    }
}

fn host(files: &Files) -> Result<Option<Share>, Failure> {
    let Some(text) = files.text("/proc/meminfo")? else {
        return Ok(None);
    };
    let total = kilobytes(&text, "MemTotal:").filter(|total| *total > 0);
    let share = total.zip(kilobytes(&text, "MemAvailable:"));
    Ok(share.map(|(total, available)| Share {
        used: total.saturating_sub(available),
        limit: total,
        whose: Share::HOST,
    }))
}

#[cfg(test)]
mod tests {
    use health_core::Value;

    use super::*;
    use crate::system::fixture::{Tree, told, value};

    const HOST: &str = "MemTotal:  4194304 kB\nMemFree: 1 kB\nMemAvailable: 1048576 kB\n";

    fn look(tree: &Tree) -> Outcome {
        let memory = Memory {
            files: tree.files(),
            ..Memory::new()
        };
        memory.look()
    }

    fn second(path: &str) -> Tree {
        let mut tree = Tree::second(path);
        tree.add("proc/meminfo", HOST);
        tree
    }

    fn group(tree: &mut Tree, folder: &str, mib: (u64, u64, &str)) {
        let (used, inactive, limit) = mib;
        tree.add(
            &format!("{folder}/memory.current"),
            &format!("{}\n", used << 20),
        );
        tree.add(&format!("{folder}/memory.max"), &format!("{limit}\n"));
        let stat = format!("anon 1\nfile 2\ninactive_file {}\n", inactive << 20);
        tree.add(&format!("{folder}/memory.stat"), &stat);
    }

    #[test]
    fn a_container_counts_its_working_set() {
        let mut tree = second("/");
        group(&mut tree, "sys/fs/cgroup", (500, 200, "536870912"));
        let events = "low 0\nhigh 0\nmax 4\noom 1\noom_kill 2\n";
        tree.add("sys/fs/cgroup/memory.events", events);
        let outcome = look(&tree);
        assert_eq!(told(&outcome), "healthy: ");
        assert_eq!(
            value(&outcome, "used_bytes"),
            Some(Value::Integer(300 << 20))
        );
        assert_eq!(
            value(&outcome, "limit_bytes"),
            Some(Value::Integer(512 << 20))
        );
        assert_eq!(value(&outcome, "used_percent"), Some(Value::Float(58.6)));
        assert_eq!(value(&outcome, "limit_of"), Some("container".into()));
        assert_eq!(value(&outcome, "oom_kills"), Some(Value::Integer(2)));
        group(&mut tree, "sys/fs/cgroup", (500, 10, "536870912"));
        let text = "unhealthy: 490.0 MiB of 512.0 MiB in use, 95 % or more";
        assert_eq!(told(&look(&tree)), text);
    }

    #[test]
    fn the_tightest_group_counts_whichever_it_is() {
        let mut tree = second("/pod/web");
        group(&mut tree, "sys/fs/cgroup/pod/web", (100, 0, "1073741824"));
        group(&mut tree, "sys/fs/cgroup/pod", (450, 0, "536870912"));
        let text = "degraded: 450.0 MiB of 512.0 MiB in use, 85 % or more";
        assert_eq!(told(&look(&tree)), text);
        group(&mut tree, "sys/fs/cgroup/pod", (450, 0, "max"));
        assert_eq!(told(&look(&tree)), "healthy: ");
    }

    #[test]
    fn what_no_host_has_is_no_limit_however_much_is_used() {
        let mut tree = second("/pod/web");
        group(&mut tree, "sys/fs/cgroup/pod/web", (51, 0, "536870912"));
        group(&mut tree, "sys/fs/cgroup/pod", (3000, 0, "5368709120"));
        let outcome = look(&tree);
        assert_eq!(
            value(&outcome, "used_bytes"),
            Some(Value::Integer(51 << 20))
        );
        assert_eq!(value(&outcome, "limit_of"), Some("container".into()));
    }

    #[test]
    fn memory_high_degrades() {
        let mut tree = second("/");
        group(&mut tree, "sys/fs/cgroup", (200, 0, "536870912"));
        tree.add("sys/fs/cgroup/memory.high", "209715200\n");
        let text = "degraded: 200.0 MiB of 200.0 MiB in use, above which the kernel slows the \
                    container down";
        assert_eq!(told(&look(&tree)), text);
        tree.add("sys/fs/cgroup/memory.high", "max\n");
        assert_eq!(told(&look(&tree)), "healthy: ");
    }

    #[test]
    fn version_one_is_read_where_it_limits() {
        let mut tree = Tree::first("/docker/0a1b");
        tree.add("proc/meminfo", HOST);
        tree.add("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
        tree.add("sys/fs/cgroup/memory/memory.usage_in_bytes", "534773760\n");
        tree.add(
            "sys/fs/cgroup/memory/memory.stat",
            "cache 1\ninactive_file 9\ntotal_inactive_file 2097152\n",
        );
        tree.add(
            "sys/fs/cgroup/memory/memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n",
        );
        let outcome = look(&tree);
        assert_eq!(
            told(&outcome),
            "unhealthy: 508.0 MiB of 512.0 MiB in use, 95 % or more"
        );
        assert_eq!(value(&outcome, "oom_kills"), Some(Value::Integer(7)));
        let unlimited = "9223372036854771712\n";
        tree.add("sys/fs/cgroup/memory/memory.limit_in_bytes", unlimited);
        let outcome = look(&tree);
        assert_eq!(told(&outcome), "healthy: ");
        assert_eq!(value(&outcome, "limit_of"), Some("host".into()));
        assert_eq!(value(&outcome, "used_percent"), Some(Value::Float(75.0)));
    }

    #[test]
    fn without_groups_the_host_limits_and_without_that_nothing_is_known() {
        let mut tree = Tree::empty();
        assert_eq!(told(&look(&tree)), "healthy: not known on this system");
        tree.add("proc/meminfo", "MemTotal: 100 kB\nMemAvailable: 10 kB\n");
        assert_eq!(
            told(&look(&tree)),
            "degraded: 90.0 KiB of 100.0 KiB in use, 85 % or more"
        );
        tree.add(
            "proc/meminfo",
            "MemTotal: 18446744073709551615 kB\nMemAvailable: x\n",
        );
        assert_eq!(told(&look(&tree)), "healthy: not known on this system");
    }
}
