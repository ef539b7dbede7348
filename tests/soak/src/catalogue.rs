//! The checks of the service, as the service registers them and the model reads them.

use crate::clock::{MILLISECOND, Moment};

/// What answers, or not, when a check asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A stand-in behind a pool of connections, by its number.
    Dependency(usize),
    /// The check does as it was told last.
    Told,
    /// The same, on a thread of its own.
    ToldBlocking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Liveness,
    Readiness,
    Startup,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    pub(crate) timeout: Moment,
    pub(crate) cache: Moment,
    pub(crate) interval: Option<Moment>,
    pub(crate) stale_after: Moment,
    pub(crate) failures: u32,
    pub(crate) successes: u32,
    pub(crate) critical: bool,
    pub(crate) shared: bool,
    pub(crate) degraded_after: Option<Moment>,
    pub(crate) depends_on: Option<&'static str>,
    pub(crate) tag: Option<&'static str>,
}

const PLAIN: Spec = Spec {
    name: "",
    kind: Kind::Readiness,
    source: Source::Told,
    timeout: 400 * MILLISECOND,
    cache: 200 * MILLISECOND,
    interval: None,
    stale_after: 0,
    failures: 1,
    successes: 1,
    critical: true,
    shared: false,
    degraded_after: None,
    depends_on: None,
    tag: None,
};

pub(crate) const DEPENDENCIES: usize = 3;
pub(crate) const GROUP: &str = "db";

pub(crate) const CHECKS: [Spec; 14] = [
    Spec {
        name: "database",
        source: Source::Dependency(0),
        tag: Some(GROUP),
        ..PLAIN
    },
    Spec {
        name: "cache",
        source: Source::Dependency(1),
        shared: true,
        tag: Some(GROUP),
        ..PLAIN
    },
    Spec {
        name: "queue",
        source: Source::Dependency(2),
        critical: false,
        ..PLAIN
    },
    Spec {
        name: "orders",
        depends_on: Some("database"),
        tag: Some(GROUP),
        ..PLAIN
    },
    Spec {
        name: "steady",
        failures: 3,
        successes: 2,
        cache: 100 * MILLISECOND,
        ..PLAIN
    },
    Spec {
        name: "ticker",
        timeout: 250 * MILLISECOND,
        interval: Some(300 * MILLISECOND),
        stale_after: 1500 * MILLISECOND,
        ..PLAIN
    },
    Spec {
        name: "counted",
        timeout: 250 * MILLISECOND,
        interval: Some(300 * MILLISECOND),
        stale_after: 1500 * MILLISECOND,
        failures: 2,
        successes: 2,
        critical: false,
        ..PLAIN
    },
    Spec {
        name: "plain",
        source: Source::ToldBlocking,
        ..PLAIN
    },
    Spec {
        name: "slow",
        degraded_after: Some(60 * MILLISECOND),
        ..PLAIN
    },
    Spec {
        name: "bogus",
        critical: false,
        ..PLAIN
    },
    Spec {
        name: "uncached",
        cache: 0,
        critical: false,
        ..PLAIN
    },
    Spec {
        name: "alive",
        kind: Kind::Liveness,
        cache: 0,
        failures: 3,
        ..PLAIN
    },
    Spec {
        name: "beat",
        kind: Kind::Liveness,
        timeout: 250 * MILLISECOND,
        interval: Some(300 * MILLISECOND),
        stale_after: 1500 * MILLISECOND,
        failures: 3,
        ..PLAIN
    },
    Spec {
        name: "boot",
        kind: Kind::Startup,
        ..PLAIN
    },
];

pub(crate) fn find(name: &str) -> Option<usize> {
    CHECKS.iter().position(|check| check.name == name)
}
