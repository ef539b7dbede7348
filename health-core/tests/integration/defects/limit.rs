//! Who waits for a turn, and runtimes that end meanwhile.

use std::future::pending;
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;

use health_core::{Caller, Check, Health, HealthBuilder, Probe, Report, Runtime};
use tokio::runtime;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use super::{PATIENCE, go_by, seconds, settle};
use crate::operations::{fine, limited};
use crate::support::{Count, entry, ms, probe, ready};

/// A check that blocks its thread until this is dropped.
struct Held {
    began: Count,
    _release: mpsc::Sender<()>,
}

impl Held {
    fn new() -> (Self, Check) {
        let began = Count::default();
        let counted = began.clone();
        let (release, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let check = Check::blocking("held", move || {
            counted.one_more();
            let _ = held.lock().unwrap().recv();
        });
        let held = Self {
            began,
            _release: release,
        };
        (held, check.with_critical(false))
    }

    /// Waits for the thread without letting time go by.
    async fn has_begun(&self) {
        let start = std::time::Instant::now();
        while self.began.now() == 0 {
            yield_now().await;
            assert!(start.elapsed() < PATIENCE, "it never began");
        }
        settle().await;
    }
}

/// Liveness, asked while a thread that blocks stops the clock.
async fn alive(health: &Health) -> Report {
    let asked = tokio::spawn(health.probe(Probe::Liveness, Caller::nobody()));
    go_by(seconds(2)).await;
    assert!(asked.is_finished(), "its time is over long since");
    asked.await.unwrap()
}

fn alive_check() -> Check {
    Check::new("fine", async || ()).liveness()
}

#[tokio::test(start_paused = true)]
async fn a_run_that_hangs_makes_room_though_whoever_asked_went_away() {
    let (held, check) = Held::new();
    let health = limited(1, [check.startup(), alive_check()]);
    let asked = tokio::spawn(health.check("held", Caller::nobody()).unwrap());
    held.has_begun().await;
    go_by(ms(100)).await;
    asked.abort();
    go_by(seconds(60)).await;
    let report = alive(&health).await;
    assert!(report.is_passing(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_hangs_makes_room_though_its_probe_gave_up_sooner() {
    let (held, check) = Held::new();
    let check = check.readiness().startup();
    let check = check.with_timeout_for(Probe::Readiness, ms(300));
    let health = limited(1, [check, alive_check()]);
    let asked = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    held.has_begun().await;
    go_by(seconds(5)).await;
    assert!(asked.is_finished());
    let report = alive(&health).await;
    assert!(report.is_passing(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lingers_makes_room_though_whoever_asked_went_away() {
    let lingers = Check::new("lingers", pending::<()>)
        .startup()
        .with_critical(false)
        .with_cancel_after(seconds(3600));
    let health = limited(1, [lingers, alive_check()]);
    let asked = health.check("lingers", Caller::nobody()).unwrap();
    assert!(timeout(ms(100), asked).await.is_err());
    sleep(seconds(60)).await;
    let report = probe(&health, Probe::Liveness).await;
    assert!(report.is_passing(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_is_told_for_whom_at_the_deadline_of_the_probe_too() {
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .concurrency(1)
        .deadline(ms(200))
        .check(Check::new("a_hangs", pending::<()>).readiness())
        .check(fine("b"))
        .build()
        .unwrap();
    let report = ready(&health).await;
    let text = entry(&report, "b").message().unwrap();
    assert!(text.ends_with("it waits for `a_hangs`"), "{text}");
}

/// Whether it comes to an end.
fn ends(work: impl FnOnce() + Send + 'static) -> bool {
    let (tells, told) = mpsc::channel();
    thread::spawn(move || {
        work();
        let _ = tells.send(());
    });
    told.recv_timeout(PATIENCE).is_ok()
}

fn short_lived() -> runtime::Runtime {
    let mut builder = runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

fn three_that_hang() -> Health {
    limited(
        1,
        ["a", "b", "c"].map(|name| Check::new(name, pending::<()>).readiness()),
    )
}

#[test]
fn a_probe_on_a_runtime_that_has_ended_returns() {
    let returns = ends(|| {
        let runtime = short_lived();
        let health = runtime.block_on(async { three_that_hang() });
        drop(runtime);
        drop(health.probe(Probe::Readiness, Caller::nobody()));
    });
    assert!(returns);
}

#[test]
fn a_runtime_ends_although_runs_wait_for_their_turn() {
    let ended = ends(|| {
        let runtime = short_lived();
        let health = runtime.block_on(async {
            let health = three_that_hang();
            assert!(timeout(ms(50), ready(&health)).await.is_err());
            health
        });
        drop(runtime);
        drop(health);
    });
    assert!(ended);
}

/// Asks when it is dropped.
struct Asks(Arc<OnceLock<Health>>, Count);

impl Drop for Asks {
    fn drop(&mut self) {
        let health = self.0.get().unwrap();
        drop(health.probe(Probe::Liveness, Caller::nobody()));
        self.1.one_more();
    }
}

#[test]
fn an_attempt_that_asks_when_it_is_dropped_returns_although_its_runtime_has_ended() {
    let dropped = Count::default();
    let counted = dropped.clone();
    let returns = ends(move || {
        let runtime = short_lived();
        let builder = HealthBuilder::empty()
            .check(alive_check())
            .startup_gate("model");
        let context = runtime.enter();
        let health = builder.runtime(Runtime::current()).build().unwrap();
        drop(context);
        drop(runtime);
        let asks = Asks(Arc::new(OnceLock::from(health.clone())), counted);
        let attempt = move |_| {
            let _ = &asks;
            async {}
        };
        health.start_up("model", attempt).unwrap();
    });
    assert!(returns);
    assert_eq!(dropped.now(), 1);
}
