use health_core::{Outcome, Status};

use crate::size::{percent, rounded_down, spelled};

/// What a file system has. A whole of 0 is one that is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) total: u64,
    pub(super) free: u64,
    pub(super) inodes: u64,
    pub(super) inodes_free: u64,
    pub(super) read_only: bool,
}

impl Space {
    pub(super) fn percent(&self) -> Option<f64> {
        percent(self.free, self.total)
    }

    pub(super) fn inodes_percent(&self) -> Option<f64> {
        percent(self.inodes_free, self.inodes)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) degraded: Least,
    pub(super) unhealthy: Least,
    pub(super) writable: bool,
}

/// What has to be free at least; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Least {
    pub(super) bytes: u64,
    pub(super) percent: f64,
    pub(super) inodes_percent: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            degraded: Least {
                bytes: 0,
                percent: 10.0,
                inodes_percent: 5.0,
            },
            unhealthy: Least {
                bytes: 10 << 20,
                percent: 0.0,
                inodes_percent: 0.1,
            },
            writable: false,
        }
    }
}

impl Limits {
    pub(super) fn judge(&self, space: &Space) -> Outcome {
        if self.writable && space.read_only {
            return Outcome::unhealthy("mounted read-only");
        }
        if let Some(why) = self.unhealthy.missed(space) {
            return Outcome::unhealthy(why);
        }
        match self.degraded.missed(space) {
            Some(why) => Outcome::degraded(why),
            None if space.total == 0 => Outcome::degraded("free space not known"),
            None => Outcome::new(Status::Healthy),
        }
    }
}

impl Least {
    /// Which limit is missed, if any is.
    fn missed(&self, space: &Space) -> Option<String> {
        let free = |limit| {
            let (free, total) = (spelled(space.free), spelled(space.total));
            format!("{free} of {total} free, less than {limit}")
        };
        if space.total > 0 && space.free < self.bytes {
            return Some(free(spelled(self.bytes)));
        }
        if space
            .percent()
            .is_some_and(|percent| percent < self.percent)
        {
            return Some(free(format!("{} %", self.percent)));
        }
        let inodes = space.inodes_percent()?;
        (inodes < self.inodes_percent).then(|| {
            let (inodes, limit) = (rounded_down(inodes), self.inodes_percent);
            format!("{inodes} % of the inodes free, less than {limit} %")
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn space(free: u64, total: u64) -> Space {
        Space {
            total,
            free,
            ..Space::default()
        }
    }

    fn told(limits: &Limits, space: &Space) -> String {
        let outcome = limits.judge(space);
        format!(
            "{}: {}",
            outcome.status(),
            outcome.message().unwrap_or_default()
        )
    }

    #[test]
    fn each_limit_is_told_by_what_misses_it() {
        let limits = Limits::default();
        let inodes = |inodes_free| Space {
            inodes: 10_000,
            inodes_free,
            ..space(MIB, MIB)
        };
        let no_bytes = Limits {
            unhealthy: Least {
                bytes: 0,
                ..limits.unhealthy
            },
            ..limits
        };
        for (limits, space, expected) in [
            (limits, space(100 * MIB, 1000 * MIB), "healthy: "),
            (
                limits,
                space(99 * MIB, 1000 * MIB),
                "degraded: 99.0 MiB of 1000.0 MiB free, less than 10 %",
            ),
            (limits, space(10 * MIB, 20 * MIB), "healthy: "),
            (
                limits,
                space(10 * MIB - 1, 20 * MIB),
                "unhealthy: 9.9 MiB of 20.0 MiB free, less than 10.0 MiB",
            ),
            (limits, space(0, 0), "degraded: free space not known"),
            (no_bytes, inodes(500), "healthy: "),
            (
                no_bytes,
                inodes(499),
                "degraded: 4.9 % of the inodes free, less than 5 %",
            ),
            (
                no_bytes,
                inodes(0),
                "unhealthy: 0 % of the inodes free, less than 0.1 %",
            ),
        ] {
            assert_eq!(told(&limits, &space), expected);
        }
    }

    #[test]
    fn what_has_to_be_writable_is_not_where_it_is_read_only() {
        let read_only = Space {
            read_only: true,
            ..space(MIB << 20, MIB << 20)
        };
        let limits = Limits::default();
        assert_eq!(told(&limits, &read_only), "healthy: ");
        let writable = Limits {
            writable: true,
            ..limits
        };
        assert_eq!(told(&writable, &read_only), "unhealthy: mounted read-only");
    }

    fn least() -> impl Strategy<Value = Least> {
        let percent = || prop_oneof![Just(0.0), 0.0..100.0, Just(f64::NAN)];
        (any::<u64>(), percent(), percent()).prop_map(|(bytes, percent, inodes_percent)| Least {
            bytes,
            percent,
            inodes_percent,
        })
    }

    fn any_space() -> impl Strategy<Value = Space> {
        let part = || (any::<u64>(), any::<u64>()).prop_map(|(a, b)| (a.min(b), a.max(b)));
        (part(), part(), any::<bool>()).prop_map(
            |((free, total), (inodes_free, inodes), read_only)| Space {
                total,
                free,
                inodes,
                inodes_free,
                read_only,
            },
        )
    }

    proptest! {
        #[test]
        fn less_is_never_better(
            degraded in least(),
            unhealthy in least(),
            writable: bool,
            space in any_space(),
            lost: u64,
            inodes_lost: u64,
        ) {
            let limits = Limits { degraded, unhealthy, writable };
            let less = Space {
                free: space.free.saturating_sub(lost),
                inodes_free: space.inodes_free.saturating_sub(inodes_lost),
                ..space
            };
            let (before, after) = (limits.judge(&space), limits.judge(&less));
            prop_assert!(after.status() >= before.status());
            prop_assert_eq!(after.message().is_some(), after.status() != Status::Healthy);
        }
    }
}
