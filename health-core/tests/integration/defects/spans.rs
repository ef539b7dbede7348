//! Spans of time: absurd ones, and those in which the process was suspended.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, SystemTime};

use health_core::{Caller, Check, HealthBuilder, Override, Probe, Runtime, Status};
use tokio::time::{advance, sleep};

use super::seconds;
use crate::operations::fine;
use crate::support::{Count, entry, health, ms, probe, ready};

/// The clock moves, and nobody notices yet.
fn suspend(time: Duration) {
    let moved = pin!(advance(time)).poll(&mut Context::from_waker(Waker::noop()));
    assert!(moved.is_pending());
}

#[test]
fn absurd_spans_are_mistakes_and_no_panics() {
    for absurd in [
        fine("c").with_interval(Duration::MAX),
        fine("c")
            .with_interval(ms(1000))
            .with_down_interval(Duration::MAX),
        fine("c")
            .with_interval(ms(1000))
            .with_timeout(Duration::MAX),
        fine("c").with_timeout(Duration::MAX),
    ] {
        let built = HealthBuilder::empty().check(absurd.clone()).build();
        assert!(built.is_err(), "{absurd:?}");
    }
}

#[test]
fn an_absurd_interval_may_be_asked_about() {
    let check = fine("c").with_interval(Duration::MAX);
    assert!(check.cache(Probe::Readiness) > Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_at_its_end_panics_nowhere() {
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(i64::MAX.unsigned_abs());
    let health = HealthBuilder::empty()
        .runtime(Runtime::current().with_wall_clock(end))
        .check(fine("c"))
        .build()
        .unwrap();
    sleep(seconds(2)).await;
    assert!(ready(&health).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn a_suspension_during_a_run_is_one_failure_at_most() {
    let check = Check::new("c", || sleep(ms(500)));
    let health = health([check.liveness().with_failure_threshold(3)]);
    assert!(probe(&health, Probe::Liveness).await.is_passing());
    let asked = tokio::spawn(health.probe(Probe::Liveness, Caller::nobody()));
    sleep(ms(100)).await;
    suspend(seconds(93));
    let report = asked.await.unwrap();
    assert!(report.is_passing(), "{report:?}");
    assert!(entry(&report, "c").consecutive_failures() <= 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_before_a_gap_does_not_count_for_liveness() {
    let calls = Count::default();
    let check = Check::new("c", move || {
        let passes = calls.one_more() > 1;
        async move { passes }
    })
    .liveness()
    .with_interval(seconds(30))
    .with_stale_after(seconds(90))
    .with_success_threshold(2);
    let health = health([check]);
    sleep(ms(1)).await;
    suspend(seconds(93));
    let report = probe(&health, Probe::Liveness).await;
    assert!(
        report.is_passing(),
        "one success is all there is: {report:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_shared_and_stale_fails_closed() {
    let shared = fine("shared")
        .with_shared(true)
        .with_fail_closed_after(seconds(60))
        .with_interval(ms(1000))
        .with_stale_after(ms(3000));
    let health = health([shared]);
    sleep(ms(10)).await;
    assert!(ready(&health).await.is_passing());
    suspend(seconds(4000));
    let report = ready(&health).await;
    assert!(!report.is_passing(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_shared_and_forced_to_fail_fails() {
    let health = health([fine("shared").with_shared(true).with_cache(ms(0))]);
    assert!(ready(&health).await.is_passing());
    let forced = Override::new(Status::Unhealthy, "INC-42");
    health.force("shared", forced).unwrap();
    assert!(!ready(&health).await.is_passing());
}

/// The run goes on for those who wait longer, and passes for them.
#[tokio::test(start_paused = true)]
async fn a_probe_that_gives_up_sooner_than_the_run_counts_no_failing_run() {
    let check = Check::new("c", || sleep(ms(500)))
        .liveness()
        .readiness()
        .with_timeout_for(Probe::Readiness, ms(300))
        .with_failure_threshold(2)
        .with_cache(ms(0));
    let health = health([check]);
    assert!(probe(&health, Probe::Liveness).await.is_passing());
    for _ in 0..10 {
        let report = ready(&health).await;
        let text = entry(&report, "c").message();
        assert_eq!(text, Some("Timeout after 300ms"));
        sleep(ms(1000)).await;
        let history = health.history("c", Caller::nobody()).unwrap();
        assert_eq!(history.consecutive_failures(), 0);
    }
    let history = health.history("c", Caller::nobody()).unwrap();
    assert!(history.runs().iter().all(|run| run.status().is_passing()));
    assert!(probe(&health, Probe::Liveness).await.is_passing());
}
