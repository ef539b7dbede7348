//! Signs of life of what works in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use health_core::{Caller, Check, Entry, Health, Heartbeat, LastSuccess, Reload, Status, Value};
use tokio::time::{advance, sleep};

use crate::support::{health, ms};

async fn ask(health: &Health, name: &str) -> Entry {
    health.check(name, Caller::nobody()).unwrap().await
}

fn fresh(check: Check) -> Check {
    check.liveness().with_cache(ms(0))
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_may_be_silent_for_so_long_and_no_longer() {
    let heartbeat = Heartbeat::new(ms(30_000));
    let health = health([fresh(heartbeat.check("worker"))]);
    advance(ms(30_000)).await;
    assert_eq!(ask(&health, "worker").await.status(), Status::Healthy);
    advance(ms(1)).await;
    let silent = ask(&health, "worker").await;
    assert_eq!(silent.message(), Some("no heartbeat for 30 s"));
    assert_eq!(silent.status(), Status::Unhealthy);
    heartbeat.clone().beat();
    let beating = ask(&health, "worker").await;
    assert_eq!(beating.status(), Status::Healthy);
    assert_eq!(
        beating.data().next(),
        Some(("age_seconds", &Value::Integer(0)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_was_suspended_with_its_process_is_given_a_moment() {
    let heartbeat = Heartbeat::new(ms(30_000));
    let health = health([fresh(heartbeat.check("worker"))]);
    advance(ms(3_600_000)).await;
    let asked = tokio::spawn(health.check("worker", Caller::nobody()).unwrap());
    sleep(ms(200)).await;
    heartbeat.beat();
    assert_eq!(asked.await.unwrap().status(), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_stays_away_is_waited_for_once() {
    let heartbeat = Heartbeat::new(ms(30_000));
    let health = health([fresh(heartbeat.check("worker"))]);
    let took = async || {
        let start = tokio::time::Instant::now();
        let entry = health.check("worker", Caller::nobody()).unwrap().await;
        assert_eq!(entry.status(), Status::Unhealthy);
        start.elapsed()
    };
    advance(ms(31_000)).await;
    assert!(took().await >= ms(300), "it may come");
    assert_eq!(took().await, ms(0), "it did not");
    heartbeat.beat();
    advance(ms(31_000)).await;
    assert!(took().await >= ms(300), "this is another silence");
}

#[tokio::test(start_paused = true)]
async fn a_job_has_to_succeed_often_enough() {
    let job = LastSuccess::new(ms(60_000));
    let health = health([fresh(job.check("report"))]);
    assert_eq!(
        ask(&health, "report").await.status(),
        Status::Healthy,
        "it has its time"
    );
    advance(ms(93_000)).await;
    assert_eq!(
        ask(&health, "report").await.message(),
        Some("no success for 93 s")
    );
    job.succeeded();
    assert_eq!(ask(&health, "report").await.status(), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_reload_has_to_be_applied() {
    let reload = Reload::new(ms(5000));
    let health = health([fresh(reload.check("configuration"))]);
    let status = async || ask(&health, "configuration").await.status();
    assert_eq!(status().await, Status::Healthy);
    reload.requested();
    advance(ms(4000)).await;
    reload.requested();
    assert_eq!(status().await, Status::Healthy);
    advance(ms(2000)).await;
    let waiting = ask(&health, "configuration").await;
    assert_eq!(
        waiting.message(),
        Some("a reload has not been applied for 6.0 s")
    );
    assert_eq!(waiting.status(), Status::Unhealthy);
    reload.failed("line 7: password=x");
    let failed = ask(&health, "configuration").await;
    assert_eq!(failed.status(), Status::Degraded);
    assert_eq!(failed.message(), Some("the last reload failed"));
    assert_eq!(failed.error(), Some("line 7: password=***"));
    reload.requested();
    assert_eq!(status().await, Status::Degraded, "the old one is in force");
    advance(ms(5001)).await;
    assert_eq!(status().await, Status::Unhealthy);
    reload.failed("line 8");
    assert_eq!(status().await, Status::Degraded);
    reload.applied();
    assert_eq!(status().await, Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_task_has_to_run_and_a_queue_must_not_be_too_deep() {
    let task = tokio::spawn(sleep(ms(1000)));
    let depth = Arc::new(AtomicUsize::new(100));
    let queued = Arc::clone(&depth);
    let health = health([
        fresh(Check::running("consumer", move || !task.is_finished())),
        fresh(Check::depth("queue", 100, move || {
            queued.load(Ordering::Relaxed)
        })),
    ]);
    assert_eq!(ask(&health, "consumer").await.status(), Status::Healthy);
    assert_eq!(ask(&health, "queue").await.status(), Status::Healthy);
    sleep(ms(1001)).await;
    assert_eq!(
        ask(&health, "consumer").await.message(),
        Some("it has ended")
    );
    depth.store(101, Ordering::Relaxed);
    let deep = ask(&health, "queue").await;
    assert_eq!(deep.message(), Some("101 are queued, more than 100"));
}
