//! Free space and inodes of the file system that a path lies on.
//!
//! ```
//! use health_core::HealthBuilder;
//! use health_indicators::disk;
//!
//! let health = HealthBuilder::empty()
//!     .check(disk::free_space("/data").readiness())
//!     .build()?;
//! # Ok::<(), health_core::BuildError>(())
//! ```

mod rule;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use health_core::{Check, Outcome};

use self::rule::{Limits, Space};
use crate::failure::Failure;
use crate::measured::Measured;
use crate::size::rounded;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// Looks how much is free where `path` lies.
///
/// This blocks its thread, for ever where the path lies on a network mount whose server is gone:
/// call it in a check without `async`, which gets a thread of its own, and never in a handler.
///
/// ```
/// use health_core::{Outcome, health_check};
/// use health_indicators::disk;
///
/// /// There is room for uploads.
/// #[health_check(kind = "readiness")]
/// fn uploads() -> Outcome {
///     disk::look("/data")
/// }
/// ```
///
/// See [`FreeSpace`] for what it says.
pub fn look(path: impl AsRef<Path>) -> Outcome {
    told(path.as_ref(), &Limits::default())
}

/// A check of the name `disk`, with a timeout of [`TIMEOUT`], that does what [`look`] does, on a
/// thread of its own. It serves no probe until told which.
#[track_caller]
pub fn free_space(path: impl Into<PathBuf>) -> Check {
    FreeSpace::new(path).check()
}

/// The free space of the file system that a path lies on; what the mount of that very path has, not
/// that of a folder above it.
///
/// Free is what is available to users without privileges, in per cent of the whole: what `df` calls
/// `Avail` and `Size`. A limit of 0 is none.
///
/// | limit | degraded below | unhealthy below |
/// |---|---|---|
/// | bytes | none | 10 MiB, which is the default of Spring Boot and Micronaut |
/// | per cent | 10, where kubelet begins to evict pods (`nodefs.available`) | none: one per cent of a large disk is much |
/// | inodes in per cent | 5, as of kubelet (`nodefs.inodesFree`) | 0.1: hardly a file can be made |
///
/// | public message | when |
/// |---|---|
/// | `4.0 MiB of 1.0 GiB free, less than 10.0 MiB` | too little is free |
/// | `0.4 % of the inodes free, less than 5 %` | too few files can still be made |
/// | `mounted read-only` | [it has to be writable](Self::with_writable), and is not: the kernel does so to a file system that has errors |
/// | `no such path`, `permission denied` | the path is not there, or not for this process |
/// | `input/output error`, `the mount has gone` | the disk fails, or the server or program behind the mount does |
/// | `free space not known` | the file system does not tell, or this is no Unix; degraded |
///
/// Measured values: `free_bytes`, `total_bytes`, `free_percent`, `read_only`; and where the file
/// system counts them, which Btrfs does not, `inodes_free`, `inodes_total` and
/// `inodes_free_percent`.
///
/// A server that is gone holds the run of a network mount for ever. It is reported as timed out,
/// afterwards as still running, and no second one is started beside it.
///
/// ```
/// use health_indicators::disk::FreeSpace;
///
/// let check = FreeSpace::new("/data")
///     .with_unhealthy_below_bytes(1 << 30)
///     .with_degraded_below_percent(20.0)
///     .with_writable(true)
///     .check()
///     .readiness();
/// ```
#[derive(Clone, Debug)]
pub struct FreeSpace {
    path: PathBuf,
    limits: Limits,
}

impl FreeSpace {
    /// Where `path` lies.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            limits: Limits::default(),
        }
    }

    /// Below how many free bytes it is unhealthy. Default: 10 MiB; 0 is never.
    #[must_use]
    pub fn with_unhealthy_below_bytes(mut self, bytes: u64) -> Self {
        self.limits.unhealthy.bytes = bytes;
        self
    }

    /// Below how many free bytes it is degraded. Default: 0, which is never.
    #[must_use]
    pub fn with_degraded_below_bytes(mut self, bytes: u64) -> Self {
        self.limits.degraded.bytes = bytes;
        self
    }

    /// Below how much of the whole in per cent it is unhealthy. Default: 0, which is never.
    #[must_use]
    pub fn with_unhealthy_below_percent(mut self, percent: f64) -> Self {
        self.limits.unhealthy.percent = percent;
        self
    }

    /// Below how much of the whole in per cent it is degraded. Default: 10; 0 is never.
    #[must_use]
    pub fn with_degraded_below_percent(mut self, percent: f64) -> Self {
        self.limits.degraded.percent = percent;
        self
    }

    /// Below how many of the inodes in per cent it is unhealthy. Default: 0.1; 0 is never.
    #[must_use]
    pub fn with_inodes_unhealthy_below_percent(mut self, percent: f64) -> Self {
        self.limits.unhealthy.inodes_percent = percent;
        self
    }

    /// Below how many of the inodes in per cent it is degraded. Default: 5; 0 is never.
    #[must_use]
    pub fn with_inodes_degraded_below_percent(mut self, percent: f64) -> Self {
        self.limits.degraded.inodes_percent = percent;
        self
    }

    /// Whether it is unhealthy where the file system is mounted read-only. Default: false.
    #[must_use]
    pub fn with_writable(mut self, writable: bool) -> Self {
        self.limits.writable = writable;
        self
    }

    /// Looks; blocks as [`look`] does.
    pub fn look(&self) -> Outcome {
        told(&self.path, &self.limits)
    }

    /// A check of the name `disk`, with a timeout of [`TIMEOUT`], on a thread of its own. It serves
    /// no probe until told which.
    #[track_caller]
    pub fn check(self) -> Check {
        Check::blocking("disk", move || self.look()).with_timeout(TIMEOUT)
    }
}

fn told(path: &Path, limits: &Limits) -> Outcome {
    match measure(path) {
        Ok(space) => measured(&space).told(Ok(limits.judge(&space))),
        Err(error) => Failure::because(in_words(&error), error).into(),
    }
}

#[cfg(unix)]
fn measure(path: &Path) -> io::Result<Space> {
    let found = rustix::fs::statvfs(path)?;
    let read_only = found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
    Ok(Space {
        total: found.f_blocks.saturating_mul(found.f_frsize),
        free: available(found.f_bavail, found.f_blocks).saturating_mul(found.f_frsize),
        inodes: found.f_files,
        inodes_free: available(found.f_favail, found.f_files),
        read_only,
    })
}

/// Without the size of anything.
#[cfg(not(unix))]
fn measure(path: &Path) -> io::Result<Space> {
    path.metadata()?;
    Ok(Space::default())
}

/// Less than nothing is left to unprivileged users where a system lets its reserve be used, and
/// tells that by a number that is far too large.
#[cfg(unix)]
fn available(available: u64, all: u64) -> u64 {
    if available > all { 0 } else { available }
}

fn measured(space: &Space) -> Measured {
    let mut measured = Measured::default();
    if let Some(percent) = space.percent() {
        measured.add("free_bytes", space.free);
        measured.add("total_bytes", space.total);
        measured.add("free_percent", rounded(percent));
    }
    if let Some(percent) = space.inodes_percent() {
        measured.add("inodes_free", space.inodes_free);
        measured.add("inodes_total", space.inodes);
        measured.add("inodes_free_percent", rounded(percent));
    }
    measured.add("read_only", space.read_only);
    measured
}

fn in_words(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "no such path",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::NotConnected
        | io::ErrorKind::StaleNetworkFileHandle
        | io::ErrorKind::TimedOut
        | io::ErrorKind::HostUnreachable => "the mount has gone",
        _ => io_error(error),
    }
}

/// The standard library has no kind for it.
fn io_error(error: &io::Error) -> &'static str {
    const EIO: i32 = 5;
    match error.raw_os_error() {
        Some(EIO) => "input/output error",
        _ => "the file system reports an error",
    }
}

#[cfg(test)]
mod tests {
    use health_core::Status;

    use super::*;

    #[test]
    fn errors_are_told_without_the_path() {
        let missing = look("/no/such/secret");
        assert_eq!(missing.message(), Some("no such path"));
        assert!(missing.error().is_some());
        let below_a_file = look(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/x"));
        assert_eq!(below_a_file.message(), Some("no such path"));
        let with_zero = look("/x\0y");
        assert_eq!(with_zero.status(), Status::Unhealthy);
        for (number, words) in [
            (13, "permission denied"),
            (107, "the mount has gone"),
            (116, "the mount has gone"),
            (5, "input/output error"),
            (38, "the file system reports an error"),
        ] {
            #[cfg(target_os = "linux")]
            assert_eq!(in_words(&io::Error::from_raw_os_error(number)), words);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_reserve_that_is_used_is_nothing_free() {
        assert_eq!(available(3, 10), 3);
        assert_eq!(available(u64::MAX - 5, 10), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_that_has_no_size_is_not_known() {
        let outcome = look("/proc");
        assert_eq!(outcome.status(), Status::Degraded);
        assert_eq!(outcome.message(), Some("free space not known"));
    }
}
