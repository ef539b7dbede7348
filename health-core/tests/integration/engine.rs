//! The engine's promises, in paused time.

use std::sync::{Arc, Mutex, mpsc};

use health_core::{Caller, Check, HealthBuilder, Outcome, Probe, Reason, Runtime, Status};
use tokio::sync::Barrier;
use tokio::time::{Instant, advance, sleep};

use crate::support::{Count, OnDrop, entry, health, ms, probe, ready, timed_ready};

#[tokio::test(start_paused = true)]
async fn a_probe_without_checks_passes() {
    let health = health([]);
    for asked in Probe::ALL {
        let report = probe(&health, asked).await;
        assert_eq!(
            (report.status(), report.entries().len()),
            (Status::Healthy, 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn all_checks_run_at_once() {
    let barrier = Arc::new(Barrier::new(3));
    let meets = |name: &'static str| {
        let barrier = Arc::clone(&barrier);
        Check::new(name, move || {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait().await;
            }
        })
        .readiness()
    };
    let report = ready(&health([meets("a"), meets("b"), meets("c")])).await;
    assert!(
        report.is_passing(),
        "each waited for the others: {report:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_answer_arrives_at_the_longest_timeout() {
    let pending = |name: &'static str, timeout| {
        Check::new(name, std::future::pending::<()>)
            .readiness()
            .with_timeout(ms(timeout))
    };
    let quick = Check::new("quick", async || ()).readiness();
    let health = health([pending("slow", 300), pending("slower", 700), quick]);
    let (report, took) = timed_ready(&health).await;
    assert_eq!(took, ms(700));
    assert!(!report.is_passing());
    let slow = entry(&report, "slow");
    assert_eq!(slow.message(), Some("Timeout after 300ms"));
    assert_eq!(
        (slow.reason(), slow.latency()),
        (Some(Reason::TimedOut), None)
    );
    assert_eq!(
        entry(&report, "slower").message(),
        Some("Timeout after 700ms")
    );
    assert_eq!(entry(&report, "quick").status(), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_probe_outranks_the_timeouts() {
    let slow = Check::new("slow", || sleep(ms(7000)))
        .readiness()
        .with_timeout(ms(9000));
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(slow)
        .deadline(ms(2000))
        .build()
        .unwrap();
    let (report, took) = timed_ready(&health).await;
    assert_eq!(took, ms(2010), "with 10 ms of grace");
    assert_eq!(
        entry(&report, "slow").message(),
        Some("no answer within the probe's deadline of 2000ms")
    );
    sleep(ms(3990)).await;
    let (report, took) = timed_ready(&health).await;
    assert_eq!(took, ms(1000), "the run went on, and was joined");
    assert_eq!(entry(&report, "slow").latency(), Some(ms(7000)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_comes_as_soon_as_the_last_check_has_ended() {
    let slow = Check::new("slow", || sleep(ms(120))).readiness();
    let (report, took) = timed_ready(&health([slow])).await;
    assert_eq!(took, ms(120));
    assert_eq!(entry(&report, "slow").latency(), Some(ms(120)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_timed_out_is_cancelled() {
    let (started, dropped) = (Count::default(), Count::default());
    let hang = {
        let (started, dropped) = (started.clone(), dropped.clone());
        move || {
            started.one_more();
            let guard = OnDrop(dropped.clone());
            async move {
                std::future::pending::<()>().await;
                drop(guard);
            }
        }
    };
    let check = Check::new("hang", hang).readiness().with_cache(ms(0));
    let health = health([check]);
    for run in 1..=3 {
        let (report, took) = timed_ready(&health).await;
        assert_eq!(took, ms(800));
        assert_eq!(
            entry(&report, "hang").message(),
            Some("Timeout after 800ms")
        );
        tokio::task::yield_now().await;
        assert_eq!((started.now(), dropped.now()), (run, run));
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_probes_of_a_hung_dependency_cause_one_call() {
    let calls = Count::default();
    let counted = calls.clone();
    let hang = Check::new("hang", move || {
        counted.one_more();
        std::future::pending::<()>()
    });
    let health = health([hang.readiness().with_cache(ms(0))]);
    let start = Instant::now();
    let probes: Vec<_> = (0..10_000)
        .map(|_| tokio::spawn(health.probe(Probe::Readiness, Caller::nobody())))
        .collect();
    for probe in probes {
        let report = probe.await.unwrap();
        assert_eq!(
            entry(&report, "hang").message(),
            Some("Timeout after 800ms")
        );
    }
    assert_eq!(start.elapsed(), ms(800));
    assert_eq!(calls.now(), 1);
}

#[tokio::test(start_paused = true)]
async fn those_who_come_later_join_the_run() {
    let calls = Count::default();
    let counted = calls.clone();
    let slow = Check::new("slow", move || {
        counted.one_more();
        sleep(ms(500))
    });
    let health = health([slow.readiness().with_cache(ms(0))]);
    let first = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    sleep(ms(400)).await;
    let (report, took) = timed_ready(&health).await;
    assert_eq!((report.is_passing(), took), (true, ms(100)));
    assert!(first.await.unwrap().is_passing());
    assert_eq!(calls.now(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_when_the_one_who_asked_leaves() {
    let ended = Count::default();
    let counted = ended.clone();
    let slow = Check::new("slow", move || {
        let counted = counted.clone();
        async move {
            sleep(ms(500)).await;
            counted.one_more();
        }
    });
    let health = health([slow.readiness()]);
    drop(health.probe(Probe::Readiness, Caller::nobody()));
    sleep(ms(501)).await;
    assert_eq!(ended.now(), 1);
    let (report, took) = timed_ready(&health).await;
    assert_eq!(
        (report.is_passing(), took),
        (true, ms(0)),
        "its result is kept"
    );
}

#[tokio::test(start_paused = true)]
async fn results_are_kept_from_the_start_of_their_run() {
    let calls = Count::default();
    let counted = calls.clone();
    let slow = Check::new("slow", move || {
        counted.one_more();
        sleep(ms(600))
    });
    let health = health([slow.readiness()]);
    ready(&health).await;
    advance(ms(399)).await;
    ready(&health).await;
    assert_eq!(calls.now(), 1, "999 ms after its start the result is fresh");
    advance(ms(1)).await;
    ready(&health).await;
    assert_eq!(calls.now(), 2, "1000 ms after its start it is not");
}

#[tokio::test(start_paused = true)]
async fn liveness_keeps_nothing_unless_told() {
    let calls = Count::default();
    let counted = calls.clone();
    let check = Check::new("both", move || {
        counted.one_more();
        async {}
    });
    let health = health([check.liveness().readiness()]);
    for _ in 0..3 {
        probe(&health, Probe::Liveness).await;
    }
    assert_eq!(calls.now(), 3);
    for _ in 0..3 {
        ready(&health).await;
    }
    assert_eq!(calls.now(), 3, "readiness takes what liveness has found");
}

#[tokio::test(start_paused = true)]
async fn failures_are_kept_like_successes() {
    let calls = Count::default();
    let counted = calls.clone();
    let check = Check::new("down", move || {
        counted.one_more();
        async { false }
    });
    let health = health([check.readiness()]);
    for _ in 0..100 {
        assert!(!ready(&health).await.is_passing());
    }
    assert_eq!(calls.now(), 1);
}

/// Panics in its Drop.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any("the drop");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_stays_its_own() {
    fn in_call() -> std::future::Ready<()> {
        panic!("the call")
    }
    let checks = [
        Check::new("call", in_call),
        Check::new("poll", async || -> () {
            panic!("the poll {}", "token=abc")
        }),
        Check::new("drop", async || {
            let _bomb = Bomb;
            sleep(ms(1)).await;
        }),
        Check::new("late_drop", async || {
            let _bomb = Bomb;
            sleep(ms(10_000)).await;
        }),
        Check::new("fine", async || ()),
        Check::blocking("blocking", || -> () { panic!("the function") }),
        Check::new("value", async || -> () { std::panic::panic_any(7) }),
    ];
    let health = health(checks.map(|check| check.readiness().with_cache(ms(0))));
    for _ in 0..2 {
        let report = ready(&health).await;
        let found = |name| (entry(&report, name).reason(), entry(&report, name).error());
        let panicked = |text| (Some(Reason::Panicked), Some(text));
        assert_eq!(found("call"), panicked("panicked: the call"));
        assert_eq!(found("poll"), panicked("panicked: the poll token=***"));
        assert_eq!(found("drop"), panicked("panicked: the drop"));
        assert_eq!(found("blocking"), panicked("panicked: the function"));
        assert_eq!(
            found("value"),
            panicked("panicked: panicked with a value that is no text")
        );
        assert_eq!(found("late_drop"), (Some(Reason::TimedOut), None));
        assert_eq!(found("fine"), (None, None));
        assert!(
            report
                .entries()
                .iter()
                .all(|e| e.name() == "late_drop" || e.latency().is_some())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocking_run_is_reported_and_never_doubled() {
    let (calls, running) = (Count::default(), Count::default());
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let function = {
        let (calls, running) = (calls.clone(), running.clone());
        move || {
            calls.one_more();
            assert_eq!(running.one_more(), 1, "two at once");
            let _ = gate.lock().unwrap().recv();
            running.one_less();
        }
    };
    let health = health([Check::blocking("stuck", function)
        .readiness()
        .with_cache(ms(0))]);

    let first = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    while running.now() == 0 {
        tokio::task::yield_now().await;
    }
    // A hung blocking thread stops the paused clock, so it is moved by hand.
    advance(ms(811)).await;
    let report = first.await.unwrap();
    assert_eq!(
        entry(&report, "stuck").message(),
        Some("Timeout after 800ms")
    );
    assert_eq!(entry(&report, "stuck").latency(), None);

    advance(ms(11_189)).await;
    let (report, took) = timed_ready(&health).await;
    assert_eq!(took, ms(0), "nothing to wait for");
    let stuck = entry(&report, "stuck");
    assert_eq!(stuck.message(), Some("still running after 12 s"));
    assert_eq!(stuck.reason(), Some(Reason::StillRunning));

    release.send(()).unwrap();
    release.send(()).unwrap();
    while running.now() > 0 {
        tokio::task::yield_now().await;
    }
    // The thread says so just before its run ends.
    let mut report = ready(&health).await;
    while entry(&report, "stuck").reason() == Some(Reason::StillRunning) {
        report = ready(&health).await;
    }
    assert!(report.is_passing());
    assert_eq!(calls.now(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_result_does_not_count() {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let (started, ended) = (Count::default(), Count::default());
    let function = {
        let (started, ended) = (started.clone(), ended.clone());
        move || {
            started.one_more();
            let _ = gate.lock().unwrap().recv();
            ended.one_more();
        }
    };
    let check = Check::blocking("late", function)
        .readiness()
        .with_cache(ms(60_000));
    let health = health([check]);
    // Nobody waits, so nobody looks at the deadline but the run itself.
    drop(health.probe(Probe::Readiness, Caller::nobody()));
    while started.now() == 0 {
        tokio::task::yield_now().await;
    }
    advance(ms(5000)).await;
    release.send(()).unwrap();
    while ended.now() == 0 {
        tokio::task::yield_now().await;
    }
    // The thread says so just before its run ends.
    let mut report = ready(&health).await;
    while entry(&report, "late").reason() == Some(Reason::StillRunning) {
        report = ready(&health).await;
    }
    assert_eq!(entry(&report, "late").reason(), Some(Reason::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_a_check_that_is_not_critical_degrades() {
    let down = Check::new("down", async || false).readiness();
    let report = ready(&health([down.clone().with_critical(false)])).await;
    assert_eq!(
        (report.status(), report.is_passing()),
        (Status::Degraded, true)
    );
    assert_eq!(entry(&report, "down").status(), Status::Unhealthy);
    let report = ready(&health([down])).await;
    assert_eq!(report.status(), Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn messages_are_public_and_errors_are_not() {
    let check = Check::new("db", async || {
        Outcome::unhealthy("no primary").with_error("refused by amqp://u:p@h")
    });
    let report = ready(&health([check.readiness()])).await;
    let db = entry(&report, "db");
    assert_eq!(db.message(), Some("no primary"));
    assert_eq!(db.error(), Some("refused by amqp://u:***@h"));
}

#[tokio::test(start_paused = true)]
async fn one_check_can_be_asked_alone() {
    let health = health([
        Check::new("down", async || false)
            .readiness()
            .with_critical(false),
        Check::new("up", async || ()).liveness(),
    ]);
    let down = health.check("down", Caller::nobody()).unwrap().await;
    assert_eq!(
        (down.status(), down.is_critical()),
        (Status::Unhealthy, false)
    );
    let up = health.check("up", Caller::nobody()).unwrap().await;
    assert_eq!(up.status(), Status::Healthy);
    assert!(health.check("nobody", Caller::nobody()).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_a_check_does_with_health_returns() {
    let slot = Arc::new(Mutex::new(None::<health_core::Health>));
    let inner = Arc::clone(&slot);
    let curious = Check::new("curious", move || {
        let health = inner.lock().unwrap().clone();
        async move {
            let Some(health) = health else { return };
            health.start_draining();
            health.stop_draining();
            health.checks().len();
            health.ensure_standalone().unwrap();
            drop(health.probe(Probe::Readiness, Caller::nobody()));
            // Its own result would be waited for until the timeout, as is everybody's.
            health.probe(Probe::Liveness, Caller::nobody()).await;
        }
    });
    let health = health([curious.readiness()]);
    *slot.lock().unwrap() = Some(health.clone());
    assert!(ready(&health).await.is_passing());
    *slot.lock().unwrap() = None;
}

/// Its cause is itself.
#[derive(Debug)]
struct Circle;

impl std::fmt::Display for Circle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("round")
    }
}

impl std::error::Error for Circle {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

#[tokio::test(start_paused = true)]
async fn a_circle_of_causes_is_told_once() {
    let check = Check::new("circle", async || Err::<(), _>(Circle));
    let report = ready(&health([check.readiness()])).await;
    assert_eq!(entry(&report, "circle").error(), Some("round"));
}

#[tokio::test(start_paused = true)]
async fn the_data_of_an_outcome_is_masked_names_and_all() {
    let check = Check::new("data", async || {
        Outcome::healthy().with_data("password=x".to_owned(), "token=y")
    });
    let report = ready(&health([check.readiness()])).await;
    let data: Vec<_> = entry(&report, "data").data().collect();
    assert_eq!(
        data,
        [(
            "password=***",
            &health_core::Value::Text("token=***".into())
        )]
    );
}

#[tokio::test(start_paused = true)]
async fn work_that_uses_up_its_share_of_a_runtime_is_cancelled() {
    let dropped = Count::default();
    let guard = dropped.clone();
    let check = Check::new("busy", move || {
        let guard = OnDrop(guard.clone());
        async move {
            let _guard = guard;
            while !std::hint::black_box(false) {
                tokio::task::consume_budget().await;
            }
        }
    });
    let health = health([check.readiness()]);
    drop(health.probe(Probe::Readiness, Caller::nobody()));
    for _ in 0..20 {
        advance(ms(100)).await;
    }
    assert_eq!(dropped.now(), 1);
}
