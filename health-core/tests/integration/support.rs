use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use health_core::{Caller, Check, Entry, Health, HealthBuilder, Probe, Report, Runtime};
use tokio::time::Instant;

/// A `Health` with these checks on the test's own runtime, whose time is paused.
pub(crate) fn health(checks: impl IntoIterator<Item = Check>) -> Health {
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    checks
        .into_iter()
        .fold(builder, HealthBuilder::check)
        .build()
        .expect("the checks are fine")
}

/// Does it on a runtime of its own, whose time is paused.
pub(crate) fn in_paused_time<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test)
}

pub(crate) async fn probe(health: &Health, probe: Probe) -> Report {
    health.probe(probe, Caller::nobody()).await
}

pub(crate) async fn ready(health: &Health) -> Report {
    probe(health, Probe::Readiness).await
}

/// The report of readiness and how long it took.
pub(crate) async fn timed_ready(health: &Health) -> (Report, Duration) {
    let start = Instant::now();
    let report = ready(health).await;
    (report, start.elapsed())
}

pub(crate) fn entry<'a>(report: &'a Report, name: &str) -> &'a Entry {
    let mut entries = report.entries().iter();
    entries
        .find(|entry| entry.name() == name)
        .expect("the check is in the report")
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Counts, shared between a check and its test.
#[derive(Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn one_more(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn one_less(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts when it is dropped.
pub(crate) struct OnDrop(pub(crate) Count);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.one_more();
    }
}

/// The names of all checks.
pub(crate) fn names(health: &Health) -> Vec<String> {
    let checks = health.checks();
    checks.iter().map(|check| check.name().to_owned()).collect()
}

/// A check of readiness that passes, and counts its runs.
pub(crate) fn counted(name: &'static str, calls: &Count) -> Check {
    let calls = calls.clone();
    Check::new(name, move || {
        calls.one_more();
        async {}
    })
    .readiness()
}
