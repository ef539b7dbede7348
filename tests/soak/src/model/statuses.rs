//! Sets of statuses.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statuses(u8);

impl Statuses {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const HEALTHY: Self = Self(1);
    pub(crate) const DEGRADED: Self = Self(2);
    pub(crate) const UNHEALTHY: Self = Self(4);
    pub(crate) const PASSES: Self = Self(3);
    pub(crate) const ANY: Self = Self(7);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As it counts where a failure only degrades.
    pub(crate) fn forgiven(self) -> Self {
        if self.has(Self::UNHEALTHY) {
            (self & Self::PASSES) | Self::DEGRADED
        } else {
            self
        }
    }

    /// What the worst of one status out of each set can be.
    pub(crate) fn worst(sets: &[Self]) -> Self {
        let mut worst = Self::NONE;
        if sets.iter().any(|set| set.has(Self::UNHEALTHY)) {
            worst |= Self::UNHEALTHY;
        }
        if sets.iter().any(|set| set.has(Self::DEGRADED))
            && sets.iter().all(|set| !(*set & Self::PASSES).is_empty())
        {
            worst |= Self::DEGRADED;
        }
        if sets.iter().all(|set| set.has(Self::HEALTHY)) {
            worst |= Self::HEALTHY;
        }
        worst
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "healthy" => Self::HEALTHY,
            "degraded" => Self::DEGRADED,
            "unhealthy" => Self::UNHEALTHY,
            _ => return None,
        })
    }
}

impl BitOr for Statuses {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Statuses {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl BitAnd for Statuses {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::HEALTHY, "healthy"),
            (Self::DEGRADED, "degraded"),
            (Self::UNHEALTHY, "unhealthy"),
        ];
        let names = names.into_iter().filter(|(status, _)| self.has(*status));
        let names: Vec<_> = names.map(|(_, name)| name).collect();
        f.write_str(&names.join(" or "))
    }
}
