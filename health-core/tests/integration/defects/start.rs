//! The start, and what is left of it afterwards.

use health_core::{Check, HealthBuilder, Override, Probe, Runtime, Status};
use tokio::time::sleep;

use super::seconds;
use crate::observers::{Book, Expected};
use crate::operations::fine;
use crate::support::{Count, health, ms, probe, ready};

#[tokio::test(start_paused = true)]
async fn readiness_does_not_report_what_serves_startup_alone_once_that_has_passed() {
    let health = health([Check::new("c", async || ()).liveness().startup()]);
    assert!(probe(&health, Probe::Startup).await.is_passing());
    let report = ready(&health).await;
    assert!(report.entries().is_empty(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn readiness_neither_runs_nor_minds_a_startup_check_that_is_not_critical() {
    let calls = Count::default();
    let counted = calls.clone();
    let check = Check::new("c", move || {
        counted.one_more();
        async { false }
    });
    let check = check.liveness().startup().with_critical(false);
    let health = health([check.with_cache(ms(0))]);
    probe(&health, Probe::Startup).await;
    let before = calls.now();
    let report = ready(&health).await;
    assert_eq!(
        (report.status(), calls.now()),
        (Status::Healthy, before),
        "{report:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn readiness_that_fails_because_of_the_start_shows_why() {
    let health = health([Check::new("schema", async || ()).startup(), fine("db")]);
    assert!(ready(&health).await.is_passing());
    let forced = Override::new(Status::Unhealthy, "INC-42");
    health.force("schema", forced).unwrap();
    let report = ready(&health).await;
    let mut entries = report.entries().iter();
    let explained = entries.any(|entry| !entry.status().is_passing());
    assert!(report.is_passing() || explained, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn failures_long_after_the_start_surprise_though_nobody_asked_for_readiness() {
    let calls = Count::default();
    let check = Check::new("c", move || {
        let passes = calls.one_more() < 10;
        async move { passes }
    })
    .startup()
    .readiness()
    .with_interval(seconds(10))
    .with_jitter(false);
    let book = Book::default();
    let _health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(check)
        .observer(Expected(book.clone()))
        .build()
        .unwrap();
    sleep(seconds(600)).await;
    assert_eq!(book.read().await, ["healthy false", "unhealthy false"]);
}

#[tokio::test(start_paused = true)]
async fn to_ask_for_a_gate_that_was_not_declared_closes_nothing() {
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .startup_gate("model")
        .check(fine("db"))
        .build()
        .unwrap();
    health.startup_gate("model").unwrap().open();
    assert!(ready(&health).await.is_passing());
    assert!(health.startup_gate("modle").is_err());
    assert!(ready(&health).await.is_passing());
}
