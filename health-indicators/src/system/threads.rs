//! The threads that this process and its container have, as a share of how many they may.

use health_core::{Check, Outcome};

use crate::failure::Failure;
use crate::measured::Measured;
use crate::system::files::Files;
use crate::system::group::Group;
use crate::system::parse::{field, number, soft_limit};
use crate::system::share::{Limits, Share};
use crate::system::{self, not_known};

/// Looks how many threads there are. See [`Threads`] for what it says.
///
/// ```
/// use health_core::{Outcome, health_check};
/// use health_indicators::system::threads;
///
/// /// No threads leak.
/// #[health_check(kind = "liveness")]
/// async fn threads_left() -> Outcome {
///     threads::look()
/// }
/// ```
pub fn look() -> Outcome {
    Threads::new().look()
}

/// A check of the name `threads` that does what [`look`] does, with a timeout of
/// [`TIMEOUT`](super::TIMEOUT). It serves no probe until told which.
#[track_caller]
pub fn check() -> Check {
    Threads::new().check()
}

/// The threads of the container against its `pids.max`, and those of this process against the soft
/// `RLIMIT_NPROC`, which does not bind root, and what the host allows; what is nearest counts.
///
/// `RLIMIT_NPROC` counts all threads of the user; those of other processes are not seen here.
///
/// | public message | when |
/// |---|---|
/// | `980 of 1024 in use, 95 % or more` | a limit is reached; degraded from 85 %, unhealthy from 95 % |
/// | `no file descriptor is left` | so nothing can be read |
/// | `not known on this system` | it is not Linux; healthy |
///
/// Measured values: `threads` of this process; of what is nearest to its limit `in_use`, `limit`,
/// `used_percent` and `limit_of` (`container`, `process` or `host`).
///
/// ```
/// use health_indicators::system::threads::Threads;
///
/// let leaking = Threads::new().with_degraded_from_percent(50.0).check().liveness();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Threads {
    limits: Limits,
    files: Files,
}

impl Threads {
    /// Those of this process and its container.
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

    /// A check of the name `threads`, with a timeout of [`TIMEOUT`](super::TIMEOUT). It serves no
    /// probe until told which.
    #[track_caller]
    pub fn check(self) -> Check {
        system::check("threads", move || self.look())
    }
}

#[derive(Debug)]
struct Found {
    own: Option<u64>,
    tightest: Option<Share>,
}

impl Found {
    fn read(files: &Files) -> Result<Self, Failure> {
        let status = files.text("/proc/self/status")?.unwrap_or_default();
        let own = field(&status, "Threads:");
        let mut shares = of_groups(files)?;
        if let Some(used) = own {
            let share = |limit, whose| Share { used, limit, whose };
            let binds = field(&status, "Uid:") != Some(0);
            let process = allowed(files)?.filter(|_| binds);
            shares.extend(process.map(|limit| share(limit, Share::PROCESS)));
            shares.extend(of_host(files)?.map(|limit| share(limit, Share::HOST)));
        }
        Ok(Self {
            own,
            tightest: Share::tightest(shares),
        })
    }

    fn told(self, limits: &Limits) -> Outcome {
        let Some(share) = self.tightest else {
            return not_known();
        };
        let mut measured = Measured::default();
        if let Some(own) = self.own {
            measured.add("threads", own);
        }
        share.measured(&mut measured, "in_use", "limit");
        measured.told(Ok(limits.judge_share(share, |n| n.to_string())))
    }
}

fn of_groups(files: &Files) -> Result<Vec<Share>, Failure> {
    let mut shares = Vec::new();
    let group = Group::limiting(files, "pids")?;
    for folder in group.iter().flat_map(|group| &group.folders) {
        let read = |name| Ok(files.text(folder.join(name))?.as_deref().and_then(number));
        let (used, limit) = (read("pids.current")?, read("pids.max")?);
        shares.extend(used.zip(limit).map(|(used, limit)| Share {
            used,
            limit,
            whose: Share::CONTAINER,
        }));
    }
    Ok(shares)
}

fn allowed(files: &Files) -> Result<Option<u64>, Failure> {
    let limits = files.text("/proc/self/limits")?;
    Ok(limits.and_then(|limits| soft_limit(&limits, "Max processes")))
}

fn of_host(files: &Files) -> Result<Option<u64>, Failure> {
    let read = |name| Ok(files.text(name)?.as_deref().and_then(number));
    let (threads, numbers) = (
        read("/proc/sys/kernel/threads-max")?,
        read("/proc/sys/kernel/pid_max")?,
    );
    Ok(threads.into_iter().chain(numbers).min())
}

#[cfg(test)]
mod tests {
    use health_core::Value;

    use super::*;
    use crate::system::fixture::{Tree, told, value};

    fn look(tree: &Tree) -> Outcome {
        let threads = Threads {
            files: tree.files(),
            ..Threads::new()
        };
        threads.look()
    }

    fn status(threads: u64, uid: u32) -> String {
        format!("Name:\tweb\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nThreads:\t{threads}\n")
    }

    #[test]
    fn the_limit_of_any_group_counts() {
        let mut tree = Tree::second("/pod/web");
        tree.add("proc/self/status", &status(12, 0));
        tree.add("sys/fs/cgroup/pod/web/pids.current", "20\n");
        tree.add("sys/fs/cgroup/pod/web/pids.max", "max\n");
        assert_eq!(told(&look(&tree)), "healthy: not known on this system");
        tree.add("sys/fs/cgroup/pod/pids.current", "96\n");
        tree.add("sys/fs/cgroup/pod/pids.max", "100\n");
        let outcome = look(&tree);
        assert_eq!(told(&outcome), "unhealthy: 96 of 100 in use, 95 % or more");
        assert_eq!(value(&outcome, "threads"), Some(Value::Integer(12)));
        assert_eq!(value(&outcome, "limit_of"), Some("container".into()));
    }

    #[test]
    fn version_one_has_the_same_files() {
        let mut tree = Tree::first("/docker/0a1b");
        tree.add("sys/fs/cgroup/pids/pids.current", "90\n");
        tree.add("sys/fs/cgroup/pids/pids.max", "100\n");
        assert_eq!(
            told(&look(&tree)),
            "degraded: 90 of 100 in use, 85 % or more"
        );
    }

    #[test]
    fn the_limit_of_the_user_does_not_bind_root() {
        let mut tree = Tree::empty();
        tree.add(
            "proc/self/limits",
            "Max processes             100                  100  processes\n",
        );
        tree.add("proc/sys/kernel/threads-max", "1000\n");
        tree.add("proc/sys/kernel/pid_max", "500\n");
        tree.add("proc/self/status", &status(95, 1000));
        assert_eq!(
            told(&look(&tree)),
            "unhealthy: 95 of 100 in use, 95 % or more"
        );
        tree.add("proc/self/status", &status(95, 0));
        assert_eq!(told(&look(&tree)), "healthy: ");
        tree.add("proc/self/status", &status(450, 0));
        let outcome = look(&tree);
        assert_eq!(told(&outcome), "degraded: 450 of 500 in use, 85 % or more");
        assert_eq!(value(&outcome, "limit_of"), Some("host".into()));
    }
}
