//! The file descriptors that this process has open, as a share of how many it may.

use health_core::{Check, Outcome};

use crate::failure::Failure;
use crate::measured::Measured;
use crate::system::files::Files;
use crate::system::parse::soft_limit;
use crate::system::share::{Limits, Share};
use crate::system::{self, not_known};

/// Looks how many descriptors are open. See [`Descriptors`] for what it says.
///
/// ```
/// use health_core::{Outcome, health_check};
/// use health_indicators::system::descriptors;
///
/// /// No connections leak.
/// #[health_check(kind = "liveness")]
/// async fn descriptors_left() -> Outcome {
///     descriptors::look()
/// }
/// ```
pub fn look() -> Outcome {
    Descriptors::new().look()
}

/// A check of the name `descriptors` that does what [`look`] does, with a timeout of
/// [`TIMEOUT`](super::TIMEOUT). It serves no probe until told which.
#[track_caller]
pub fn check() -> Check {
    Descriptors::new().check()
}

/// The open file descriptors, of which each connection is one, against the soft `RLIMIT_NOFILE`.
///
/// | public message | when |
/// |---|---|
/// | `980 of 1024 in use, 95 % or more` | a limit is reached; degraded from 85 %, unhealthy from 95 % |
/// | `no file descriptor is left` | so nothing can be read |
/// | `not known on this system` | it is not Linux, or nothing is limited; healthy |
///
/// Measured values: `open`, `limit`, `used_percent`, `limit_of`.
///
/// Since Linux 6.2 the number is read at once; before, each descriptor is counted, which takes some
/// milliseconds where there are ten thousands.
///
/// ```
/// use health_indicators::system::descriptors::Descriptors;
///
/// let leaking = Descriptors::new().with_degraded_from_percent(50.0).check().liveness();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Descriptors {
    limits: Limits,
    files: Files,
}

impl Descriptors {
    /// Those of this process.
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
        match found(&self.files) {
            Ok(None) => not_known(),
            Ok(Some(share)) => {
                let mut measured = Measured::default();
                share.measured(&mut measured, "open", "limit");
                measured.told(Ok(self.limits.judge_share(share, |n| n.to_string())))
            }
            Err(failure) => failure.into(),
        }
    }

    /// A check of the name `descriptors`, with a timeout of [`TIMEOUT`](super::TIMEOUT). It serves
    /// no probe until told which.
    #[track_caller]
    pub fn check(self) -> Check {
        system::check("descriptors", move || self.look())
    }
}

fn found(files: &Files) -> Result<Option<Share>, Failure> {
    let limits = files.text("/proc/self/limits")?.unwrap_or_default();
    let Some(limit) = soft_limit(&limits, "Max open files") else {
        return Ok(None);
    };
    let open = files.entries("/proc/self/fd", limit)?;
    Ok(open.map(|used| Share {
        used,
        limit,
        whose: Share::PROCESS,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::fixture::{Tree, told};

    const LIMITS: &str = "Limit  Soft Limit  Hard Limit  Units\n\
                          Max open files            20                   4096                 files\n";

    fn look(tree: &Tree) -> String {
        let descriptors = Descriptors {
            files: tree.files(),
            ..Descriptors::new()
        };
        told(&descriptors.look())
    }

    #[test]
    fn what_is_open_is_counted_against_the_soft_limit() {
        let mut tree = Tree::empty();
        assert_eq!(look(&tree), "healthy: not known on this system");
        tree.add("proc/self/limits", LIMITS);
        for number in 0..16 {
            tree.add(&format!("proc/self/fd/{number}"), "");
        }
        assert_eq!(look(&tree), "healthy: ");
        tree.add("proc/self/fd/16", "");
        assert_eq!(look(&tree), "degraded: 17 of 20 in use, 85 % or more");
        for number in 17..40 {
            tree.add(&format!("proc/self/fd/{number}"), "");
        }
        assert_eq!(look(&tree), "unhealthy: 20 of 20 in use, 95 % or more");
        tree.add("proc/self/limits", &LIMITS.replace(" 20 ", " unlimited "));
        assert_eq!(look(&tree), "healthy: not known on this system");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn those_of_this_process_are_counted() {
        use std::fs::File;

        let open = || match found(&Files::default()) {
            Ok(Some(share)) => share.used,
            other => panic!("{other:?}"),
        };
        let before = open();
        let files: Vec<_> = (0..100).map(|_| File::open("/dev/null").unwrap()).collect();
        let after = open();
        assert!(
            (before + 50..before + 200).contains(&after),
            "{before} {after}"
        );
        drop(files);
    }
}
