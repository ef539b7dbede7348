//! What goes wrong elsewhere, and must not here. Each test names the system that has the defect.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use health_core::{
    Caller, Check, Health, HealthBuilder, Observer, Probe, Reason, Runtime, Status, Transition,
};
use tokio::time::{Instant, advance, sleep};

use crate::observers::passes_in;
use crate::support::{Count, entry, health, ms, probe, ready, timed_ready};

/// Dropwizard's counter of failures is not reset by a success while the check is healthy.
#[tokio::test(start_paused = true)]
async fn failures_that_are_not_in_a_row_do_not_add_up() {
    let flaky = passes_in("flaky", &[1, 3, 5, 7, 9]).with_failure_threshold(2);
    let health = health([flaky]);
    for run in 1..=9 {
        assert!(ready(&health).await.is_passing(), "run {run}");
    }
    let report = ready(&health).await;
    assert!(report.is_passing(), "one more failure");
    let tolerated = entry(&report, "flaky");
    let both = (tolerated.raw_status(), tolerated.status());
    assert_eq!(both, (Status::Unhealthy, Status::Healthy));
    assert!(!ready(&health).await.is_passing(), "now two in a row");
}

/// alexliesenfeld/health runs all checks under one mutex: a slow one holds up every caller, and a
/// listener that asks deadlocks.
#[tokio::test(start_paused = true)]
async fn a_slow_check_holds_up_nobody_else_and_an_observer_may_ask() {
    struct Asks(Mutex<Option<Health>>, Mutex<mpsc::Sender<bool>>);
    impl Observer for Asks {
        fn transition(&self, _: &Transition) {
            let health = self.0.lock().unwrap().clone();
            let report = health.map(|h| h.probe(Probe::Liveness, Caller::nobody()));
            let _ = self.1.lock().unwrap().send(report.is_some());
        }
    }
    let slow = Check::new("slow", || sleep(ms(700))).readiness();
    let quick = Check::new("quick", async || ()).liveness();
    let health = health([slow, quick]);
    let (tells, told) = mpsc::channel();
    health.observe(Asks(Mutex::new(Some(health.clone())), Mutex::new(tells)));
    let slow = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    tokio::task::yield_now().await;
    let start = Instant::now();
    assert!(probe(&health, Probe::Liveness).await.is_passing());
    assert_eq!(start.elapsed(), ms(0));
    assert!(slow.await.unwrap().is_passing());
    sleep(ms(1)).await;
    assert_eq!(told.try_recv(), Ok(true));
}

/// `SmallRye` shares state between requests without synchronising it.
#[test]
fn many_threads_may_ask_and_operate_at_once() {
    const THREADS: usize = 8;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let check = Check::new("c", move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async {}
    });
    let check = check.readiness().liveness().with_cache(ms(86_400_000));
    let health = HealthBuilder::empty()
        .check(check)
        .startup_gate("shared")
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let health = health.clone();
            scope.spawn(move || {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = runtime.enable_all().build().unwrap();
                runtime.block_on(hammer(health, thread));
            });
        }
    });
    assert_eq!(
        calls.load(Ordering::SeqCst),
        1,
        "one run, whoever asked first"
    );
    assert!(!health.is_draining());
}

async fn hammer(health: Health, thread: usize) {
    for round in 0..200 {
        assert!(probe(&health, Probe::Liveness).await.is_passing());
        let entry = health.check("c", Caller::nobody()).unwrap().await;
        assert_eq!(entry.status(), Status::Healthy);
        health
            .startup_gate("shared")
            .unwrap()
            .progress(format!("{thread} {round}"));
        health.start_draining();
        health.stop_draining();
        drop(health.history("c", Caller::nobody()));
    }
}

/// Xabaril writes history only when the verdict of the whole changes, and without a bound.
#[tokio::test(start_paused = true)]
async fn each_change_of_each_check_is_remembered_and_no_more_than_asked_for() {
    let always_down = Check::new("down", async || false)
        .readiness()
        .with_cache(ms(0));
    let health = health([always_down, passes_in("flaky", &[2, 4])]);
    for _ in 0..4 {
        assert!(
            !ready(&health).await.is_passing(),
            "the verdict never changes"
        );
        advance(ms(1)).await;
    }
    let history = |name| health.history(name, Caller::nobody()).unwrap();
    let flaky: Vec<_> = history("flaky")
        .runs()
        .iter()
        .map(health_core::PastRun::status)
        .collect();
    use Status::{Healthy, Unhealthy};
    assert_eq!(flaky, [Unhealthy, Healthy, Unhealthy, Healthy]);
    for _ in 0..100 {
        ready(&health).await;
    }
    assert_eq!(history("down").runs().len(), HealthBuilder::DEFAULT_HISTORY);
    assert_eq!(history("down").consecutive_failures(), 104);
}

/// ASP.NET Core's timeout is cooperative: a check that ignores it hangs the whole report.
#[tokio::test(start_paused = true)]
async fn a_check_that_ignores_its_timeout_hangs_nobody() {
    let stubborn = Check::new("stubborn", || async {
        for _ in 0..u64::MAX {
            // Nothing that it awaits ever tells it to stop.
            sleep(ms(86_400_000)).await;
        }
    });
    let health = health([
        stubborn.readiness(),
        Check::new("fine", async || ()).readiness(),
    ]);
    let (report, took) = timed_ready(&health).await;
    assert_eq!(took, ms(800));
    assert_eq!(entry(&report, "fine").status(), Status::Healthy);
    assert_eq!(entry(&report, "stubborn").reason(), Some(Reason::TimedOut));
}

/// `InVision` answers 200 "spinning up" before the first result, `health` 0.2.0 says healthy, and
/// both run at an interval.
#[tokio::test(start_paused = true)]
async fn nothing_is_ready_before_its_first_result() {
    let check = Check::new("db", async || ())
        .readiness()
        .startup()
        .liveness()
        .with_interval(ms(10_000))
        .with_initial_delay(ms(1000));
    let health = health([check]);
    let report = ready(&health).await;
    assert!(!report.is_passing());
    assert_eq!(entry(&report, "db").reason(), Some(Reason::NoResult));
    assert!(!probe(&health, Probe::Startup).await.is_passing());
    assert!(
        probe(&health, Probe::Liveness).await.is_passing(),
        "no reason to restart"
    );
    sleep(ms(1001)).await;
    assert!(ready(&health).await.is_passing());
}

/// ASP.NET Core's timers overlap, `SmallRye`'s and Spring's checks run once per request.
#[tokio::test(start_paused = true)]
async fn a_schedule_never_overlaps_itself_and_probes_do_not_add_runs() {
    let (runs, running, overlaps) = (Count::default(), Count::default(), Count::default());
    let counts = (runs.clone(), running.clone(), overlaps.clone());
    let check = Check::new("db", move || {
        let (runs, running, overlaps) = counts.clone();
        async move {
            runs.one_more();
            if running.one_more() > 1 {
                overlaps.one_more();
            }
            sleep(ms(900)).await;
            running.one_less();
        }
    });
    let check = check
        .readiness()
        .with_timeout(ms(950))
        .with_interval(ms(1000))
        .with_jitter(false);
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(check)
        .build()
        .unwrap();
    let start = Instant::now();
    for _ in 0..100 {
        sleep(ms(100)).await;
        ready(&health).await;
    }
    let seconds = start.elapsed().as_secs() as usize;
    assert_eq!((runs.now(), overlaps.now()), (seconds + 1, 0));
}
