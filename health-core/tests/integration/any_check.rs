//! Checks of any kind, for properties that hold for all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use health_core::{Check, Probe, Status};
use proptest::prelude::*;
use tokio::time::sleep;

use crate::support::ms;

/// What is said of a check, and what it does. Times are in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    probes: Vec<Probe>,
    critical: bool,
    critical_for_first: Option<bool>,
    /// Whether it is shared, and until when that is forgiven.
    shared: Option<Option<u64>>,
    cache: Option<u64>,
    cache_failure: Option<u64>,
    interval: Option<u64>,
    timeout_for_last: Option<u64>,
    time: u64,
    threshold: u32,
    /// What its runs find, in turn.
    finds: Vec<Status>,
    depends_on_the_one_before: bool,
}

/// How often each check ran.
pub(crate) type Runs = Arc<Mutex<BTreeMap<usize, usize>>>;

impl Spec {
    /// The check of this number among several.
    pub(crate) fn check(&self, index: usize, runs: &Runs) -> Check {
        let (finds, time, runs) = (self.finds.clone(), ms(self.time), Arc::clone(runs));
        let check = Check::new(format!("c{index}"), move || {
            let mut runs = runs.lock().unwrap();
            let run = runs.entry(index).or_default();
            let found = finds[*run % finds.len()];
            *run += 1;
            async move {
                sleep(time).await;
                found
            }
        });
        let check = self.probes.iter().copied().fold(check, Check::serving);
        let check = check
            .with_critical(self.critical)
            .with_failure_threshold(self.threshold);
        let check = self.with_spans(self.with_exceptions(check));
        if index > 0 && self.depends_on_the_one_before {
            return check.with_depends_on(format!("c{}", index - 1));
        }
        check
    }

    /// Whether one of several probes does not wait for a run that goes on.
    pub(crate) fn is_given_up_early(&self) -> bool {
        let timeout = self.timeout_for_last.filter(|_| self.probes.len() > 1);
        timeout.is_some_and(|timeout| self.time > timeout)
    }

    /// The same, but its runs take no time.
    pub(crate) fn at_once(self) -> Self {
        Self { time: 0, ..self }
    }

    /// The same, but nothing runs it by itself.
    pub(crate) fn without_schedule(self) -> Self {
        Self {
            interval: None,
            ..self
        }
    }

    /// The same, but what it is forgiven it is forgiven for ever.
    pub(crate) fn forgiving_for_ever(self) -> Self {
        Self {
            shared: self.shared.map(|_| None),
            ..self
        }
    }

    /// The same, but each run finds the same, and that counts at once.
    pub(crate) fn steady(mut self) -> Self {
        self.finds.truncate(1);
        self.threshold = 1;
        self
    }

    fn with_exceptions(&self, mut check: Check) -> Check {
        if let Some(critical) = self.critical_for_first {
            check = check.with_critical_for(self.probes[0], critical);
        }
        if let Some(timeout) = self.timeout_for_last {
            check = check.with_timeout_for(self.probes[self.probes.len() - 1], ms(timeout));
        }
        if self.probes.contains(&Probe::Readiness) {
            check = check.with_shared(self.shared.is_some());
            if let Some(Some(after)) = self.shared {
                check = check.with_fail_closed_after(ms(after));
            }
        }
        check
    }

    fn with_spans(&self, mut check: Check) -> Check {
        if let Some(cache) = self.cache {
            check = check.with_cache(ms(cache));
        }
        if let Some(cache) = self.cache_failure {
            check = check.with_cache_failure(ms(cache));
        }
        if let Some(interval) = self.interval {
            check = check.with_interval(ms(interval)).with_jitter(false);
        }
        check
    }
}

pub(crate) fn any_check() -> impl Strategy<Value = Spec> {
    let statuses = [Status::Healthy, Status::Degraded, Status::Unhealthy];
    let finds = prop::collection::vec(prop::sample::select(statuses.to_vec()), 1..5);
    let probes = prop::sample::subsequence(Probe::ALL.to_vec(), 1..=3);
    let shared = prop::option::of(some(&[900, 2500]));
    let said = (any::<bool>(), any::<Option<bool>>(), shared, any::<bool>());
    let spans = (
        some(&[0, 300, 2000]),
        some(&[0, 500, 1700]),
        some(&[1000, 2500]),
        some(&[200, 600]),
        prop::sample::select(vec![0, 100, 400, 1000]),
    );
    (probes, said, spans, 1_u32..3, finds).prop_map(|(probes, said, spans, threshold, finds)| {
        let (critical, critical_for_first, shared, depends_on_the_one_before) = said;
        let (cache, cache_failure, interval, timeout_for_last, time) = spans;
        Spec {
            probes,
            critical,
            critical_for_first,
            shared,
            cache,
            cache_failure,
            interval,
            timeout_for_last,
            time,
            threshold,
            finds,
            depends_on_the_one_before,
        }
    })
}

fn some(of: &[u64]) -> impl Strategy<Value = Option<u64>> {
    prop::option::of(prop::sample::select(of.to_vec()))
}
