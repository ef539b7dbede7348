use health_core::Outcome;

use crate::measured::Measured;
use crate::size::{percent, rounded};

/// How much of something is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) used: u64,
    pub(super) limit: u64,
    /// Who limits it.
    pub(super) whose: &'static str,
}

impl Share {
    pub(super) const CONTAINER: &'static str = "container";
    pub(super) const HOST: &'static str = "host";
    pub(super) const PROCESS: &'static str = "process";

    /// Above any where nothing is allowed.
    pub(super) fn percent(&self) -> f64 {
        percent(self.used, self.limit).unwrap_or(f64::INFINITY)
    }

    /// The one that is nearest to its limit.
    pub(super) fn tightest(shares: impl IntoIterator<Item = Self>) -> Option<Self> {
        shares
            .into_iter()
            .max_by(|one, other| one.percent().total_cmp(&other.percent()))
    }

    pub(super) fn measured(&self, to: &mut Measured, used: &'static str, limit: &'static str) {
        to.add(used, self.used);
        to.add(limit, self.limit);
        if let Some(percent) = percent(self.used, self.limit) {
            to.add("used_percent", rounded(percent));
        }
        to.add("limit_of", self.whose);
    }
}

/// From how many per cent something is worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) degraded: f64,
    pub(super) unhealthy: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            degraded: 85.0,
            unhealthy: 95.0,
        }
    }
}

impl Limits {
    pub(super) const NEVER: f64 = f64::INFINITY;

    /// What it means that so much is in use, or goes on; said by `why` of the limit that is reached.
    pub(super) fn judge(&self, percent: f64, why: impl Fn(f64) -> String) -> Outcome {
        if self.unhealthy.is_finite() && percent >= self.unhealthy {
            Outcome::unhealthy(why(self.unhealthy))
        } else if self.degraded.is_finite() && percent >= self.degraded {
            Outcome::degraded(why(self.degraded))
        } else {
            Outcome::healthy()
        }
    }

    /// The same of a share, whose numbers are spelled by `spelled`.
    pub(super) fn judge_share(&self, share: Share, spelled: impl Fn(u64) -> String) -> Outcome {
        self.judge(share.percent(), |limit| {
            let (used, all) = (spelled(share.used), spelled(share.limit));
            format!("{used} of {all} in use, {limit} % or more")
        })
    }
}

#[cfg(test)]
mod tests {
    use health_core::Status;
    use proptest::prelude::*;

    use super::*;

    fn share(used: u64, limit: u64) -> Share {
        Share {
            used,
            limit,
            whose: Share::CONTAINER,
        }
    }

    #[test]
    fn the_defaults_are_85_and_95_per_cent() {
        let told = |used| {
            let outcome = Limits::default().judge_share(share(used, 1000), |n| n.to_string());
            (outcome.status(), outcome.message().map(str::to_owned))
        };
        assert_eq!(told(849), (Status::Healthy, None));
        let degraded = "850 of 1000 in use, 85 % or more".to_owned();
        assert_eq!(told(850), (Status::Degraded, Some(degraded)));
        let unhealthy = "950 of 1000 in use, 95 % or more".to_owned();
        assert_eq!(told(950), (Status::Unhealthy, Some(unhealthy)));
        assert_eq!(told(2000).0, Status::Unhealthy);
    }

    #[test]
    fn the_tightest_counts_and_nothing_is_tighter_than_nothing() {
        let shares = [share(1, 2), share(9, 10), share(100, 1000)];
        assert_eq!(Share::tightest(shares), Some(share(9, 10)));
        assert_eq!(
            Share::tightest([share(9, 10), share(0, 0)]),
            Some(share(0, 0))
        );
        assert_eq!(Share::tightest([]), None);
    }

    proptest! {
        #[test]
        fn more_is_never_better(
            degraded: f64,
            unhealthy: f64,
            used: u64,
            more: u64,
            limit: u64,
        ) {
            let limits = Limits { degraded, unhealthy };
            let status = |used| limits.judge_share(share(used, limit), |n| n.to_string()).status();
            prop_assert!(status(used.saturating_add(more)) >= status(used));
            prop_assert!(status(used) >= limits.judge_share(share(used, limit.saturating_add(more)), |n| n.to_string()).status());
        }
    }
}
