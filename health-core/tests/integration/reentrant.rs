//! Checks, observers and Drops that call back into everything, and waiters that go away.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use health_core::{
    Caller, Check, FinishedRun, Health, HealthBuilder, Maintenance, Observer, Override, Probe,
    Runtime, Status, Transition,
};
use tokio::time::{advance, sleep};

use crate::support::{Count, OnDrop, health, ms, probe, ready};

/// Calls every public method of `Health`.
fn call_everything(health: &Health) {
    for asked in Probe::ALL {
        drop(health.probe(asked, Caller::nobody()));
        let _ = health.longest(asked);
    }
    drop(health.check("c", Caller::nobody()));
    drop(health.history("c", Caller::nobody()));
    let _ = (
        health.checks().len(),
        health.wall_clock(),
        health.overrides(),
    );
    health.start_draining();
    let _ = (health.is_draining(), health.is_misconfigured());
    health.stop_draining();
    health.start_maintenance(Maintenance::new("moving"));
    health.end_maintenance();
    let gate = health.startup_gate("gate").unwrap();
    gate.progress("here");
    gate.open();
    health.start_up("gate", async |_| ()).unwrap();
    let _ = health.force("c", Override::new(Status::Healthy, "why"));
    let _ = health.end_override("c");
    health.observe(Silent);
    let _ = health.ensure_standalone();
    let _ = health.is_news("place");
    drop((health.glance(Caller::nobody()), health.timeline()));
    drop(health.watch());
    let _ = format!("{health:?}");
}

struct Silent;

impl Observer for Silent {}

/// Calls everything when it is told something, or dropped; not for ever, for that makes runs of
/// which it is told in turn.
#[derive(Clone)]
struct CallsBack {
    health: Arc<OnceLock<Health>>,
    tells: mpsc::Sender<&'static str>,
    calls: Count,
}

impl CallsBack {
    fn call(&self, who: &'static str) {
        const ENOUGH: usize = 30;
        if let Some(health) = self
            .health
            .get()
            .filter(|_| self.calls.one_more() <= ENOUGH)
        {
            call_everything(health);
            let _ = self.tells.send(who);
        }
    }
}

struct Observes(std::sync::Mutex<CallsBack>);

impl Observer for Observes {
    fn run_finished(&self, _: &FinishedRun) {
        let caller = self.0.lock().unwrap().clone();
        caller.call("observer");
    }

    fn transition(&self, _: &Transition) {
        let caller = self.0.lock().unwrap().clone();
        caller.call("observer");
    }
}

struct CallsOnDrop(CallsBack);

impl Drop for CallsOnDrop {
    fn drop(&mut self) {
        self.0.call("drop");
    }
}

#[tokio::test]
async fn checks_observers_and_drops_may_call_everything() {
    let (tells, told) = mpsc::channel();
    let later = Arc::new(OnceLock::new());
    let caller = CallsBack {
        health: Arc::clone(&later),
        tells,
        calls: Count::default(),
    };
    let called = caller.clone();
    let check = Check::new("c", move || {
        let caller = called.clone();
        let guard = CallsOnDrop(caller.clone());
        async move {
            caller.call("check");
            drop(guard);
        }
    });
    let health = HealthBuilder::empty()
        .check(check.readiness().liveness().startup().with_cache(ms(0)))
        .concurrency(1)
        .startup_gate("gate")
        .build()
        .unwrap();
    health.observe(Observes(std::sync::Mutex::new(caller)));
    later.set(health.clone()).unwrap();
    ready(&health).await;
    let patience = Duration::from_secs(10);
    let mut heard = Vec::new();
    while heard.len() < 3 {
        let who = told.recv_timeout(patience).expect("everyone returns");
        if !heard.contains(&who) {
            heard.push(who);
        }
    }
    heard.sort_unstable();
    assert_eq!(heard, ["check", "drop", "observer"]);
    let probed = tokio::time::timeout(patience, ready(&health)).await;
    assert!(probed.is_ok());
}

/// Polls a future this often, with time going by, and then drops it.
async fn give_up_after<F: Future>(polls: usize, future: F) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_ready() {
            return true;
        }
        for _ in 0..20 {
            advance(ms(5)).await;
        }
    }
    false
}

/// A probe may be dropped at each of its await points: that neither stops a run for others, nor
/// leaves anything behind.
#[tokio::test(start_paused = true)]
async fn a_probe_may_be_dropped_wherever_it_waits() {
    let mut ended = false;
    for polls in 0.. {
        if ended {
            assert!(polls > 10, "it waited often: {polls}");
            break;
        }
        let (calls, dropped) = (Count::default(), Count::default());
        let counts = (calls.clone(), dropped.clone());
        let check = move |name: &'static str, takes: u64| {
            let (calls, dropped) = counts.clone();
            Check::new(name, move || {
                calls.one_more();
                let guard = OnDrop(dropped.clone());
                async move {
                    for _ in 0..takes {
                        sleep(ms(100)).await;
                    }
                    drop(guard);
                }
            })
            .readiness()
            .startup()
        };
        let health = health([check("quick", 1), check("slow", 5), check("hangs", 1000)]);
        let given_up = health.probe(Probe::Readiness, Caller::nobody());
        ended = give_up_after(polls, given_up).await;
        let report = ready(&health).await;
        let statuses: Vec<_> = report
            .entries()
            .iter()
            .map(health_core::Entry::status)
            .collect();
        use Status::{Healthy, Unhealthy};
        assert_eq!(
            statuses,
            [Unhealthy, Healthy, Healthy],
            "given up after {polls} polls"
        );
        sleep(ms(2000)).await;
        assert_eq!(calls.now(), dropped.now(), "no run is left");
        drop(health);
        sleep(ms(1)).await;
        let tasks = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        assert_eq!(tasks, 0, "nothing is left behind");
    }
}

/// A run may be cancelled at each of its await points, and then the next one starts.
#[tokio::test(start_paused = true)]
async fn a_run_may_be_cancelled_wherever_it_waits() {
    for timeout in (50..1050).step_by(100) {
        let dropped = Count::default();
        let counted = dropped.clone();
        let check = Check::new("c", move || {
            let guard = OnDrop(counted.clone());
            async move {
                for _ in 0..10 {
                    sleep(ms(100)).await;
                }
                drop(guard);
            }
        });
        let check = check.liveness().with_timeout(ms(timeout));
        let health = health([check]);
        for run in 1..=2 {
            let report = probe(&health, Probe::Liveness).await;
            assert_eq!(report.is_passing(), timeout > 1000);
            assert_eq!(dropped.now(), run, "cancelled at {timeout} ms");
        }
    }
}

/// An engine that is dropped while everything is under way leaves nothing, and does not panic
/// inside an async context.
#[tokio::test(start_paused = true)]
async fn an_engine_dropped_in_flight_leaves_no_task() {
    let dropped = Count::default();
    let counted = dropped.clone();
    let hangs = Check::new("hangs", move || {
        let guard = OnDrop(counted.clone());
        async move {
            std::future::pending::<()>().await;
            drop(guard);
        }
    });
    let hangs = hangs
        .readiness()
        .with_interval(ms(5000))
        .with_timeout(ms(4000));
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(hangs)
        .observer(Silent)
        .startup_gate("never")
        .override_file("/nonexistent/overrides")
        .build()
        .unwrap();
    let hangs = health.start_up("never", async |_| std::future::pending::<()>().await);
    hangs.unwrap();
    let waiting = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    sleep(ms(100)).await;
    waiting.abort();
    let _ = waiting.await;
    drop(health);
    sleep(ms(1)).await;
    assert_eq!(dropped.now(), 1, "the run was dropped");
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    assert_eq!(tasks, 0);
}

/// The same on the engine's own threads.
#[tokio::test]
async fn an_engine_of_threads_may_be_dropped_in_flight_inside_a_runtime() {
    let (tells, told) = mpsc::channel::<()>();
    let tells = std::sync::Mutex::new(Some(tells));
    let hangs = Check::new("hangs", move || {
        let tells = tells.lock().unwrap().take();
        async move {
            let _tells = tells;
            std::future::pending::<()>().await;
        }
    });
    let hangs = hangs
        .readiness()
        .with_interval(ms(5000))
        .with_timeout(ms(4000));
    let health = HealthBuilder::empty()
        .check(hangs)
        .observer(Silent)
        .build()
        .unwrap();
    let waiting = health.probe(Probe::Readiness, Caller::nobody());
    assert!(tokio::time::timeout(ms(20), waiting).await.is_err());
    drop(health);
    let dropped = told.recv_timeout(Duration::from_secs(10));
    assert_eq!(dropped, Err(mpsc::RecvTimeoutError::Disconnected));
}

/// Asks, when it is dropped, what another thread needs a lock for; says whether it got an answer.
struct AsksWhenDropped(Health, mpsc::Sender<bool>);

impl Drop for AsksWhenDropped {
    fn drop(&mut self) {
        let (health, (answers, answer)) = (self.0.clone(), mpsc::channel());
        std::thread::spawn(move || {
            drop(health.history("busy", Caller::nobody()));
            let _ = answers.send(());
        });
        let _ = self.1.send(answer.recv_timeout(ms(2000)).is_ok());
    }
}

/// Is stuck in what it is told of `busy` until the other end goes.
struct Stuck(std::sync::Mutex<mpsc::Receiver<()>>, mpsc::Sender<String>);

impl Observer for Stuck {
    fn run_finished(&self, run: &FinishedRun) {
        let _ = self.1.send(run.check().name().to_owned());
        if run.check().name() == "busy" {
            let _ = self.0.lock().unwrap().recv();
        }
    }
}

#[tokio::test]
async fn what_an_observer_is_not_told_of_is_dropped_under_no_lock() {
    let (goes, stays) = mpsc::channel();
    let (tells, told) = mpsc::channel();
    let busy = Check::new("busy", async || ()).readiness();
    let health = HealthBuilder::empty()
        .check(busy.with_cache(ms(0)))
        .observer(Stuck(std::sync::Mutex::new(stays), tells))
        .build()
        .unwrap();
    let (dropped, was_dropped) = mpsc::channel();
    let asks = AsksWhenDropped(health.clone(), dropped);
    let gone = Check::new("gone", move || {
        let _ = &asks;
        async {}
    });
    health.register(gone.readiness().with_cache(ms(0))).unwrap();
    let run = async |check| drop(health.check(check, Caller::nobody()).unwrap().await);
    run("gone").await;
    assert_eq!(told.recv_timeout(ms(2000)).unwrap(), "gone");
    run("busy").await;
    assert_eq!(told.recv_timeout(ms(2000)).unwrap(), "busy");
    run("gone").await;
    health.remove("gone").unwrap();
    for _ in 0..1100 {
        run("busy").await;
    }
    assert_eq!(was_dropped.recv_timeout(ms(5000)), Ok(true));
    drop(goes);
}
