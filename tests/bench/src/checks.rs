//! The checks of which the engine's own cost is measured.

use std::time::Duration;

use health_actix::{Check, Health, HealthBuilder};

use crate::Result;

/// How many checks a batch has.
pub(crate) const SIZES: [usize; 5] = [1, 10, 100, 1_000, 10_000];

/// What each check of a batch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Trivial,
    /// It is pending once: it yields, and is woken at once.
    Yielding,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Trivial, Self::Yielding];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trivial => "trivial",
            Self::Yielding => "yielding",
        }
    }

    /// So many checks of readiness, run anew by each probe on the engine's own threads.
    pub(crate) fn health(self, checks: usize) -> Result<Health> {
        let mut builder = HealthBuilder::empty();
        for number in 0..checks {
            let name = format!("check-{number}");
            let check = match self {
                Self::Trivial => Check::new(name, async || ()),
                Self::Yielding => Check::new(name, tokio::task::yield_now),
            };
            builder = builder.check(check.readiness().with_cache(Duration::ZERO));
        }
        Ok(builder.build()?)
    }
}
