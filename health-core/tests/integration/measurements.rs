//! What is counted of checks, probes and threads: exactly, and for good.

use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant, SystemTime};

use health_core::{
    Caller, Check, CheckMeasurements, Distribution, Health, HealthBuilder, Maintenance, Outcome,
    Probe, ProbeMeasurements, RunResult, Runtime, Status,
};
use tokio::time::{advance, sleep};

use crate::binding;
use crate::observers::passes_in;
use crate::support::{Count, OnDrop, counted, health, ms, probe, ready};

fn of(health: &Health, name: &str) -> CheckMeasurements {
    let measurements = health.measurements();
    let mut checks = measurements.checks().iter();
    let found = checks.find(|check| check.check().name() == name);
    found.expect("there is such a check").clone()
}

/// Healthy, degraded, unhealthy, timed out, panicked, abandoned.
fn runs(check: &CheckMeasurements) -> [u64; 6] {
    RunResult::ALL.map(|result| check.runs(result))
}

fn turns(check: &CheckMeasurements) -> [u64; 3] {
    [Status::Healthy, Status::Degraded, Status::Unhealthy].map(|to| check.transitions(to))
}

fn answers(health: &Health, probe: Probe) -> [u64; 3] {
    let measured = of_probe(health, probe);
    [Status::Healthy, Status::Degraded, Status::Unhealthy].map(|status| measured.answers(status))
}

fn of_probe(health: &Health, probe: Probe) -> ProbeMeasurements {
    let measurements = health.measurements();
    let mut probes = measurements.probes().iter();
    probes.find(|it| it.probe() == probe).unwrap().clone()
}

/// How many are in the bucket up to this, and those before it.
fn within(distribution: &Distribution, bound: Duration) -> u64 {
    let mut buckets = distribution.buckets();
    buckets.find(|(upper, _)| *upper == bound).unwrap().1
}

fn uncached(check: Check) -> Check {
    check.readiness().with_cache(ms(0))
}

#[tokio::test(start_paused = true)]
async fn before_anything_has_run_there_is_nothing_but_zeros() {
    let health = health([Check::new("db", async || ()).readiness()]);
    let db = of(&health, "db");
    assert_eq!((runs(&db), turns(&db)), ([0; 6], [0; 3]));
    assert_eq!((db.last_run(), db.last_success()), (None, None));
    assert_eq!(db.durations(), &Distribution::default());
    assert_eq!(db.durations().buckets().len(), 14);
    for probe in Probe::ALL {
        assert_eq!(answers(&health, probe), [0; 3]);
    }
    let measurements = health.measurements();
    assert_eq!(*measurements.threads(), Default::default());
    assert_eq!(measurements.stuck_runs(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_run_counts_by_its_result() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let runtime = Runtime::current().with_wall_clock(start);
    let calls = Count::default();
    let check = Check::new("db", move || {
        let call = calls.one_more();
        async move {
            match call {
                1 => Outcome::healthy(),
                2 => Outcome::degraded("slow"),
                3 => Outcome::unhealthy("down"),
                4 => Outcome::healthy().with_child("eu", Outcome::unhealthy("down")),
                5 => std::future::pending().await,
                6 => panic!("no"),
                _ => {
                    sleep(ms(30)).await;
                    Outcome::healthy()
                }
            }
        }
    });
    let check = uncached(check).with_timeout(ms(200));
    let health = HealthBuilder::empty()
        .runtime(runtime)
        .check(check)
        .build()
        .unwrap();
    for _ in 0..7 {
        ready(&health).await;
        advance(ms(1000)).await;
    }
    let db = of(&health, "db");
    assert_eq!(runs(&db), [2, 1, 2, 1, 1, 0]);
    assert_eq!(turns(&db), [2, 1, 1]);
    let durations = db.durations();
    assert_eq!((durations.count(), durations.sum()), (7, ms(230)));
    assert_eq!(within(durations, Duration::from_micros(500)), 5);
    assert_eq!(within(durations, ms(25)), 5);
    assert_eq!(within(durations, ms(50)), 6);
    assert_eq!(within(durations, ms(250)), 7);
    let last = start + ms(6_000 + 200);
    let (ran, passed) = (db.last_run().unwrap(), db.last_success().unwrap());
    assert_eq!(ran, passed);
    let late = ran.duration_since(last).unwrap();
    assert!(late < ms(50), "the end of the run that timed out: {late:?}");
}

#[tokio::test(start_paused = true)]
async fn what_failed_last_has_succeeded_before() {
    let health = health([passes_in("db", &[1])]);
    ready(&health).await;
    let first = of(&health, "db").last_run();
    advance(ms(5000)).await;
    ready(&health).await;
    let db = of(&health, "db");
    assert_eq!(db.last_success(), first);
    assert_eq!(db.last_run(), first.map(|first| first + ms(5000)));
}

#[tokio::test(start_paused = true)]
async fn transitions_count_after_thresholds() {
    let health = health([passes_in("db", &[1, 3, 6]).with_failure_threshold(2)]);
    for turned in [
        [1, 0, 0],
        [1, 0, 0],
        [1, 0, 0],
        [1, 0, 0],
        [1, 0, 1],
        [2, 0, 1],
    ] {
        ready(&health).await;
        assert_eq!(turns(&of(&health, "db")), turned);
    }
    assert_eq!(runs(&of(&health, "db")), [3, 0, 3, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn who_joins_a_run_or_reads_a_kept_result_counts_no_run() {
    let calls = Count::default();
    let health = health([counted("db", &calls)]);
    for _ in 0..3 {
        let both = [Probe::Readiness; 2].map(|it| health.probe(it, Caller::nobody()));
        for asked in both {
            asked.await;
        }
    }
    assert_eq!(runs(&of(&health, "db")), [1, 0, 0, 0, 0, 0]);
    assert_eq!(answers(&health, Probe::Readiness), [6, 0, 0]);
    let before = health.measurements();
    health.glance(Caller::nobody());
    health.measurements();
    assert_eq!(calls.now(), 1, "neither runs anything");
    assert_eq!(before.probes()[1].durations().count(), 6);
    assert_eq!(answers(&health, Probe::Readiness), [6, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_blocking_run_that_is_overdue_counts_once_and_is_stuck_until_it_ends() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let started = Count::default();
    let counted = started.clone();
    let check = Check::blocking("stuck", move || {
        counted.one_more();
        let _ = held.lock().unwrap().recv();
    });
    let health = health([uncached(check)]);
    let first = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    while started.now() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(health.measurements().stuck_runs(), 0);
    // Nobody waits for it: it is overdue all the same.
    first.abort();
    for expected in [0, 1, 1] {
        assert_eq!(health.measurements().stuck_runs(), expected);
        advance(ms(800)).await;
        assert_eq!(runs(&of(&health, "stuck")), [0, 0, 0, 1, 0, 0]);
    }
    assert_eq!(of(&health, "stuck").durations().sum(), ms(800));
    health.remove("stuck").unwrap();
    assert_eq!(health.measurements().checks().len(), 0);
    assert_eq!(health.measurements().stuck_runs(), 1, "it holds its thread");
    release.send(()).unwrap();
    while health.measurements().stuck_runs() > 0 {
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_result_is_no_second_run() {
    let late = Check::new("late", async || {
        sleep(ms(450)).await;
        Outcome::healthy()
    });
    let late = late.with_timeout(ms(100)).with_cancel_after(ms(1000));
    let health = health([uncached(late)]);
    ready(&health).await;
    for (stuck, at) in [(1, 200), (1, 400), (0, 600)] {
        assert_eq!(health.measurements().stuck_runs(), stuck, "before {at} ms");
        sleep(ms(200)).await;
    }
    assert_eq!(runs(&of(&health, "late")), [0, 0, 0, 1, 0, 0]);
    assert_eq!(of(&health, "late").durations().sum(), ms(100));
}

#[tokio::test(start_paused = true)]
async fn what_callers_bring_is_counted_together_and_outlives_them() {
    let health = binding::builder().build().unwrap();
    let lasting = binding::request(false);
    health.probe(Probe::Liveness, Caller::of(&lasting)).await;
    for _ in 0..10 {
        let brought = binding::request(true);
        health.probe(Probe::Liveness, Caller::of(&brought)).await;
    }
    let tenant = of(&health, "tenant");
    assert_eq!(runs(&tenant), [10, 0, 1, 0, 0, 0]);
    assert_eq!(turns(&tenant), [10, 0, 1]);
    assert_eq!(answers(&health, Probe::Liveness), [10, 0, 1]);
    health.probe(Probe::Liveness, Caller::nobody()).await;
    let tenant = of(&health, "tenant");
    assert_eq!(runs(&tenant), [10, 0, 1, 0, 0, 0], "it could not be bound");
    assert_eq!(turns(&tenant), [10, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn counts_stay_with_a_check_that_is_renamed_or_disabled() {
    let calls = Count::default();
    let health = health([counted("db", &calls).with_cache(ms(0))]);
    ready(&health).await;
    health.rename("db", "orders").unwrap();
    ready(&health).await;
    assert_eq!(runs(&of(&health, "orders"))[0], 2);
    health.disable("orders").unwrap();
    ready(&health).await;
    let disabled = of(&health, "orders");
    assert!(disabled.is_disabled());
    assert_eq!((runs(&disabled)[0], turns(&disabled)), (2, [1, 0, 0]));
    health.enable("orders").unwrap();
    ready(&health).await;
    let enabled = of(&health, "orders");
    assert_eq!((runs(&enabled)[0], enabled.is_disabled()), (3, false));
    health.remove("orders").unwrap();
    health.register(counted("orders", &calls)).unwrap();
    assert_eq!(runs(&of(&health, "orders"))[0], 0, "it is another check");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_disabled_under_way_counts_and_turns_nothing() {
    let check = Check::new("db", async || sleep(ms(5000)).await);
    let health = health([uncached(check).with_timeout(ms(300))]);
    let asked = health.probe(Probe::Readiness, Caller::nobody());
    advance(ms(1)).await;
    health.disable("db").unwrap();
    asked.await;
    let db = of(&health, "db");
    assert_eq!((runs(&db), turns(&db)), ([0, 0, 0, 1, 0, 0], [0; 3]));
    assert_eq!(db.durations().sum(), ms(300));
}

#[tokio::test(start_paused = true)]
async fn answers_count_by_verdict_and_time_and_those_that_nobody_waited_for_do_not() {
    let calls = Count::default();
    let check = Check::new("slow", move || {
        calls.one_more();
        sleep(ms(70))
    });
    let health = health([uncached(check)]);
    ready(&health).await;
    drop(health.probe(Probe::Readiness, Caller::nobody()));
    health.start_maintenance(Maintenance::new("move"));
    ready(&health).await;
    let despite = health.probe_despite(Probe::Readiness, Caller::nobody(), &|_| true);
    despite.await;
    probe(&health, Probe::Startup).await;
    assert_eq!(answers(&health, Probe::Readiness), [2, 0, 1]);
    assert_eq!(answers(&health, Probe::Startup), [1, 0, 0]);
    let readiness = of_probe(&health, Probe::Readiness);
    let durations = readiness.durations();
    assert_eq!(durations.count(), 3);
    assert_eq!(within(durations, ms(1)), 1, "maintenance needs no check");
    assert_eq!(within(durations, ms(100)), 3);
}

#[tokio::test]
async fn threads_are_idle_held_or_called_on() {
    let (release, held) = mpsc::channel::<()>();
    let (release_call, call) = mpsc::channel::<()>();
    let (held, call) = (Mutex::new(Some(held)), Mutex::new(Some(call)));
    let holds = Check::new("holds", move || {
        let held = held.lock().unwrap().take();
        async move {
            let _ = held.map(|held| held.recv());
        }
    });
    let blocks = Check::blocking("blocks", move || {
        let call = call.lock().unwrap().take();
        let _ = call.map(|call| call.recv());
    });
    let health = [holds, blocks]
        .map(|check| uncached(check).with_timeout(ms(100)))
        .into_iter()
        .fold(HealthBuilder::empty(), HealthBuilder::check)
        .build()
        .unwrap();
    ready(&health).await;
    let until = |what: &str, threads: [usize; 2], stuck| {
        let start = Instant::now();
        loop {
            let measured = health.measurements();
            let now = measured.threads();
            if [now.held(), now.blocking()] == threads && measured.stuck_runs() == stuck {
                return *now;
            }
            assert!(start.elapsed() < ms(10_000), "never {what}: {measured:?}");
            std::thread::yield_now();
        }
    };
    until("held", [1, 1], 2);
    drop(release);
    until("released", [0, 1], 1);
    drop(release_call);
    let threads = until("free", [0, 0], 0);
    assert!(threads.idle() + threads.busy() >= 1);
    assert_eq!(runs(&of(&health, "holds"))[3], 1);
    assert_eq!(runs(&of(&health, "blocks"))[3], 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_planned_ends_with_the_health_and_keeps_none() {
    let dropped = Count::default();
    let health = health([Check::new("db", async || ()).readiness()]);
    let (weak, token) = (health.downgrade(), OnDrop(dropped.clone()));
    let polls = Count::default();
    let polled = polls.clone();
    let plan = async move {
        let _token = token;
        loop {
            sleep(ms(10)).await;
            let Some(health) = weak.upgrade() else {
                return;
            };
            polled.one_more();
            health.measurements();
        }
    };
    health.plan(plan).unwrap();
    sleep(ms(35)).await;
    assert_eq!((polls.now(), dropped.now()), (3, 0));
    drop(health);
    sleep(ms(1)).await;
    assert_eq!((polls.now(), dropped.now()), (3, 1));
}
