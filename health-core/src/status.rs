use std::fmt;

use serde::{Deserialize, Serialize};

/// How a check, or everything that a probe asks about, is doing.
///
/// The order is from good to bad, so the worst of several is their maximum.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "exactly these three, by design")]
pub enum Status {
    /// Works.
    #[default]
    Healthy,
    /// Works, but somebody should have a look: the probe still passes.
    Degraded,
    /// Does not work.
    Unhealthy,
}

impl Status {
    /// All three, from good to bad.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::Degraded, Self::Unhealthy];

    /// `healthy`, `degraded` or `unhealthy`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// Whether a probe passes with this status: all but [`Status::Unhealthy`].
    pub const fn is_passing(self) -> bool {
        !matches!(self, Self::Unhealthy)
    }

    /// What this status of one check means for a probe: the failure of a check that is not
    /// critical degrades.
    #[must_use]
    pub fn weighed(self, critical: bool) -> Self {
        if critical {
            self
        } else {
            self.min(Self::Degraded)
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_of_a_non_critical_check_degrades() {
        assert_eq!(Status::Unhealthy.weighed(true), Status::Unhealthy);
        assert_eq!(Status::Unhealthy.weighed(false), Status::Degraded);
        assert_eq!(Status::Degraded.weighed(false), Status::Degraded);
        assert_eq!(Status::Healthy.weighed(false), Status::Healthy);
    }
}
