//! Probes that ask a check, as balancers do.

use std::collections::BTreeSet;
use std::time::Duration;

use health_core::{Caller, Check, Entry, Health, HealthBuilder, Outcome, Probe, Status, Value};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long a result is kept: for all probes of a crowd, not for those who ask later.
const KEPT: Duration = Duration::from_millis(200);

/// One check, behind its engine.
#[derive(Clone, Debug)]
pub(crate) struct Probes(Health);

impl Probes {
    /// Asks it for readiness. The engine drives the connections that are made, so there is one for
    /// all that a check is asked.
    pub(crate) fn of(check: Check) -> Self {
        let check = check.readiness().with_cache(KEPT);
        let health = HealthBuilder::empty().check(check).build();
        Self(health.expect("the check has no mistakes"))
    }

    /// What one probe finds.
    pub(crate) async fn one(&self) -> Entry {
        sleep(KEPT).await;
        ask(&self.0).await
    }

    /// What so many probes find that ask at the same time; they find the same.
    pub(crate) async fn at_once(&self, probes: usize) -> Entry {
        sleep(KEPT).await;
        let mut asking = JoinSet::new();
        for _ in 0..probes {
            let health = self.0.clone();
            asking.spawn(async move { ask(&health).await });
        }
        let entries = asking.join_all().await;
        let found: BTreeSet<_> = entries.iter().map(told).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        entries[0].clone()
    }

    /// Asks until it is healthy; at most so often, a fifth of a second apart.
    pub(crate) async fn until_healthy(&self, times: usize) -> Entry {
        for _ in 1..times {
            let entry = self.one().await;
            if entry.status() == Status::Healthy {
                return entry;
            }
        }
        self.one().await
    }

    /// Asks until it is found to be so; at most for five seconds.
    pub(crate) async fn until(&self, status: Status) -> Entry {
        for _ in 1..25 {
            let entry = self.one().await;
            if entry.status() == status {
                return entry;
            }
        }
        self.one().await
    }
}

async fn ask(health: &Health) -> Entry {
    let report = health.probe(Probe::Readiness, Caller::nobody()).await;
    report.entries()[0].clone()
}

/// The public words of an entry, with times made alike.
pub(crate) fn told(entry: &Entry) -> String {
    let status = entry.status().as_str();
    let Some(message) = entry.message() else {
        return status.to_owned();
    };
    let mut words: Vec<_> = message.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        if words[at].starts_with("ms")
            && words[at - 1]
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'.')
        {
            words[at - 1] = "N".to_owned();
        }
    }
    format!("{status}: {}", words.join(" "))
}

/// How many connections of a pool are in use, how many idle, and how many there may be.
pub(crate) fn pool_use(outcome: &Outcome) -> [i64; 3] {
    ["pool_in_use", "pool_idle", "pool_max"].map(|name| {
        let mut data = outcome.data();
        match data.find(|(known, _)| *known == name) {
            Some((_, Value::Integer(number))) => *number,
            other => panic!("{name}: {other:?}"),
        }
    })
}
