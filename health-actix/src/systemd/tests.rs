//! What comes out of a real socket, by a clock that is paused.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use health_core::{
    BuildError, Check, Health, HealthBuilder, Maintenance, Probe, Runtime, Visibility,
};
use tokio::time::sleep;

use super::environment::Environment;
use super::tasks::start;

/// Where systemd would listen.
struct Systemd {
    socket: UnixDatagram,
    name: String,
    path: Option<PathBuf>,
}

impl Systemd {
    fn named(name: &str) -> Self {
        let name = format!("health-systemd-{}-{name}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        Self::on(&address, format!("@{name}"), None)
    }

    fn at_a_path(name: &str) -> Self {
        let name = format!("health-systemd-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let address = SocketAddr::from_pathname(&path).unwrap();
        Self::on(&address, path.to_str().unwrap().to_owned(), Some(path))
    }

    fn on(address: &SocketAddr, name: String, path: Option<PathBuf>) -> Self {
        let socket = UnixDatagram::bind_addr(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket, name, path }
    }

    fn environment(&self, watchdog: Option<Duration>) -> Environment {
        let usec = watchdog.map(|time| time.as_micros().to_string());
        let variable = |name: &str| match name {
            "NOTIFY_SOCKET" => Some(OsString::from(&self.name)),
            "WATCHDOG_USEC" => usec.clone().map(OsString::from),
            _ => None,
        };
        Environment::read(variable).unwrap().unwrap()
    }

    fn told_by(&self, health: &Health) {
        start(health, &self.environment(None)).unwrap();
    }

    /// What has been told since this was last asked.
    fn heard(&self) -> Vec<String> {
        let mut buffer = [0; 8192];
        let mut heard = Vec::new();
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(length) => heard.push(String::from_utf8(buffer[..length].to_vec()).unwrap()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return heard,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What is told within this time.
    async fn hears_in(&self, milliseconds: u64) -> Vec<String> {
        sleep(Duration::from_millis(milliseconds)).await;
        self.heard()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A check that does what it is told to.
#[derive(Clone, Default)]
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn on() -> Self {
        let switch = Self::default();
        switch.turn(true);
        switch
    }

    fn turn(&self, passes: bool) {
        self.0.store(passes, Ordering::SeqCst);
    }

    fn check(&self, name: &'static str) -> Check {
        let passes = Arc::clone(&self.0);
        let run = move || {
            let passes = Arc::clone(&passes);
            async move { passes.load(Ordering::SeqCst) }
        };
        Check::new(name, run).with_cache(Duration::ZERO)
    }
}

fn builder(checks: impl IntoIterator<Item = Check>) -> HealthBuilder {
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    checks.into_iter().fold(builder, HealthBuilder::check)
}

fn health(checks: impl IntoIterator<Item = Check>) -> Health {
    builder(checks).build().unwrap()
}

async fn ask(health: &Health, probe: Probe) {
    health.probe(probe, health_core::Caller::nobody()).await;
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_when_startup_passes_and_stops_when_it_drains() {
    let systemd = Systemd::named("ready");
    let migrated = Switch::default();
    let health = health([migrated.check("migrations").startup()]);
    systemd.told_by(&health);
    assert_eq!(
        systemd.hears_in(3000).await,
        ["STATUS=starting: waits for migrations"]
    );
    migrated.turn(true);
    assert_eq!(systemd.hears_in(1200).await, ["READY=1\nSTATUS=ready"]);
    assert_eq!(systemd.hears_in(60_000).await, [""; 0]);
    health.start_draining();
    assert_eq!(systemd.hears_in(60).await, ["STOPPING=1\nSTATUS=draining"]);
    health.stop_draining();
    assert_eq!(systemd.hears_in(60).await, ["STATUS=ready"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_parked_does_not_stop_before_that_is_said() {
    let systemd = Systemd::named("parked");
    let (parked, other) = (health([]), health([]));
    systemd.told_by(&parked);
    assert_eq!(systemd.hears_in(60).await, ["READY=1\nSTATUS=ready"]);
    // As SIGUSR1 does.
    parked.park();
    other.park();
    assert_eq!(systemd.hears_in(60).await, ["STATUS=draining"]);
    parked.stop_draining();
    assert_eq!(systemd.hears_in(60).await, ["STATUS=ready"]);
    parked.start_draining();
    assert_eq!(systemd.hears_in(60).await, ["STOPPING=1\nSTATUS=draining"]);
}

#[tokio::test(start_paused = true)]
async fn startup_is_asked_until_it_has_passed_and_not_again() {
    let systemd = Systemd::named("asked");
    let runs = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&runs);
    let check = Check::new("warm", move || {
        *counted.lock().unwrap() += 1;
        async { false }
    });
    let health = health([check
        .startup()
        .with_critical(false)
        .with_cache(Duration::ZERO)]);
    systemd.told_by(&health);
    let _ = systemd.hears_in(100).await;
    assert_eq!(*runs.lock().unwrap(), 1);
    let _ = systemd.hears_in(10_000).await;
    assert_eq!(*runs.lock().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn startup_that_hangs_keeps_nothing_from_being_told() {
    let systemd = Systemd::named("startup-hangs");
    let check = Check::new("model", async || std::future::pending::<()>().await);
    let health = health([check.startup().with_timeout(Duration::from_secs(20))]);
    systemd.told_by(&health);
    assert_eq!(
        systemd.hears_in(1100).await,
        ["STATUS=starting: waits for model"]
    );
    health.start_draining();
    assert_eq!(
        systemd.hears_in(1100).await,
        ["STOPPING=1\nSTATUS=draining"]
    );
}

#[tokio::test(start_paused = true)]
async fn who_drains_before_it_is_ready_never_is() {
    let systemd = Systemd::at_a_path("never-ready");
    let migrated = Switch::default();
    let health = health([migrated.check("migrations").startup()]);
    systemd.told_by(&health);
    let _ = systemd.hears_in(100).await;
    health.start_draining();
    assert_eq!(systemd.hears_in(60).await, ["STOPPING=1\nSTATUS=draining"]);
    migrated.turn(true);
    assert_eq!(systemd.hears_in(5000).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn how_far_gates_are_is_told() -> Result<(), BuildError> {
    let systemd = Systemd::named("gates");
    let health = builder([]).startup_gate("model").build()?;
    systemd.told_by(&health);
    assert_eq!(
        systemd.hears_in(100).await,
        ["STATUS=starting: waits for model"]
    );
    let model = health.startup_gate("model").unwrap();
    model.progress("loading,\n40 %");
    assert_eq!(
        systemd.hears_in(1100).await,
        ["STATUS=starting: waits for model (loading, 40 %)"]
    );
    model.open();
    assert_eq!(systemd.hears_in(1100).await, ["READY=1\nSTATUS=ready"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_is_fed_while_liveness_passes() {
    let systemd = Systemd::at_a_path("watchdog");
    let alive = Switch::on();
    let liveness = alive.check("event_loop").liveness();
    let health = health([liveness.with_timeout(Duration::from_millis(100))]);
    let watchdog = Some(Duration::from_secs(4));
    start(&health, &systemd.environment(watchdog)).unwrap();
    assert_eq!(
        systemd.hears_in(1000).await,
        ["READY=1\nSTATUS=ready", "WATCHDOG=1"]
    );
    for _ in 0..3 {
        assert_eq!(systemd.hears_in(2000).await, ["WATCHDOG=1"]);
    }
    alive.turn(false);
    assert_eq!(
        systemd.hears_in(10_000).await,
        ["STATUS=unhealthy: event_loop"]
    );
    alive.turn(true);
    let mut heard = systemd.hears_in(2000).await;
    heard.sort();
    assert_eq!(heard, ["STATUS=ready", "WATCHDOG=1"]);
    assert_eq!(systemd.hears_in(2000).await, ["WATCHDOG=1"]);
}

#[tokio::test(start_paused = true)]
async fn one_failure_does_not_take_up_what_the_watchdog_waits() {
    let systemd = Systemd::named("one-failure");
    let alive = Switch::on();
    let health = health([alive.check("event_loop").liveness()]);
    let watchdog = Some(Duration::from_secs(4));
    start(&health, &systemd.environment(watchdog)).unwrap();
    systemd.hears_in(1500).await;
    alive.turn(false);
    let failed = systemd.hears_in(1000).await;
    assert!(
        !failed.iter().any(|told| told == "WATCHDOG=1"),
        "{failed:?}"
    );
    alive.turn(true);
    // The last sign of life is less than 4 s ago, also where the way takes its time.
    let mended = systemd.hears_in(1000).await;
    assert!(mended.iter().any(|told| told == "WATCHDOG=1"), "{mended:?}");
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_is_not_fed_before_the_process_has_started_nor_where_there_is_none() {
    let systemd = Systemd::named("no-watchdog");
    let starting = health([Switch::default().check("migrations").startup()]);
    let watchdog = Some(Duration::from_secs(1));
    start(&starting, &systemd.environment(watchdog)).unwrap();
    let waits = ["STATUS=starting: waits for migrations"];
    assert_eq!(systemd.hears_in(5000).await, waits);
    let health = health([]);
    systemd.told_by(&health);
    assert_eq!(systemd.hears_in(5000).await, ["READY=1\nSTATUS=ready"]);
}

#[tokio::test(start_paused = true)]
async fn liveness_that_hangs_gives_no_sign_of_life() {
    let systemd = Systemd::named("hangs");
    let hangs = Check::new("hangs", async || std::future::pending::<()>().await);
    let health = health([hangs.liveness()]);
    let watchdog = Some(Duration::from_secs(2));
    start(&health, &systemd.environment(watchdog)).unwrap();
    assert_eq!(
        systemd.hears_in(30_000).await,
        ["READY=1\nSTATUS=ready", "STATUS=unhealthy: hangs"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_text_names_what_fails_and_nothing_private() {
    let systemd = Systemd::named("texts");
    let (database, cache, secret) = (Switch::on(), Switch::on(), Switch::on());
    let error = Check::new("error", async || Err::<(), _>("password=hunter2"));
    let health = health([
        database.check("database").readiness(),
        cache.check("cache").readiness().with_critical(false),
        secret
            .check("secret")
            .readiness()
            .with_visibility(Visibility::Full),
        error.readiness().with_critical(false),
    ]);
    systemd.told_by(&health);
    assert_eq!(
        systemd.hears_in(100).await,
        ["READY=1\nSTATUS=started, not asked yet: cache, database, error"]
    );
    let said = async |change: &dyn Fn()| {
        change();
        ask(&health, Probe::Readiness).await;
        systemd.hears_in(100).await
    };
    assert_eq!(said(&|| ()).await, ["STATUS=degraded: error"]);
    let fails = said(&|| cache.turn(false)).await;
    assert_eq!(fails, ["STATUS=degraded: cache, error"]);
    let fails = said(&|| database.turn(false)).await;
    assert_eq!(fails, ["STATUS=not ready: database"]);
    let hidden = || {
        database.turn(true);
        secret.turn(false);
    };
    assert_eq!(said(&hidden).await, ["STATUS=not ready"]);
    health.start_maintenance(Maintenance::new("moving racks"));
    assert_eq!(
        systemd.hears_in(60).await,
        ["STATUS=maintenance: moving racks"]
    );
}

#[tokio::test(start_paused = true)]
async fn many_names_and_long_texts_are_cut() {
    let systemd = Systemd::named("long");
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let health = health(names.map(|name| Switch::default().check(name).startup()));
    systemd.told_by(&health);
    assert_eq!(
        systemd.hears_in(100).await,
        ["STATUS=starting: waits for a, b, c, d, e, f, g, h, i, j and 2 more"]
    );
    health.start_maintenance(Maintenance::new("ä ".repeat(5000)));
    let heard = systemd.hears_in(1100).await;
    let text = heard[0].strip_prefix("STATUS=maintenance: ä ä").unwrap();
    assert!(heard.len() == 1 && text.len() < 1000, "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_told_later() {
    let systemd = Systemd::named("full");
    let stranger = UnixDatagram::unbound().unwrap();
    stranger.set_nonblocking(true).unwrap();
    let address = systemd.socket.local_addr().unwrap();
    let full = std::iter::repeat_with(|| stranger.send_to_addr(b"X=1", &address))
        .take(100_000)
        .find_map(Result::err);
    assert_eq!(full.unwrap().kind(), ErrorKind::WouldBlock);
    let health = health([]);
    systemd.told_by(&health);
    let heard = systemd.hears_in(5000).await;
    assert!(heard.iter().all(|text| text == "X=1"), "{heard:?}");
    assert_eq!(systemd.hears_in(1100).await, ["READY=1\nSTATUS=ready"]);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_gone_is_found_when_it_comes_back() {
    let systemd = Systemd::at_a_path("gone");
    let environment = systemd.environment(None);
    drop(systemd);
    let health = health([]);
    start(&health, &environment).unwrap();
    sleep(Duration::from_secs(3)).await;
    let systemd = Systemd::at_a_path("gone");
    assert_eq!(systemd.hears_in(1100).await, ["READY=1\nSTATUS=ready"]);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_health_and_is_started_once() {
    let systemd = Systemd::named("ends");
    let health = health([]);
    let watchdog = systemd.environment(Some(Duration::from_secs(2)));
    start(&health, &watchdog).unwrap();
    start(&health, &watchdog).unwrap();
    assert_eq!(
        systemd.hears_in(500).await,
        ["READY=1\nSTATUS=ready", "WATCHDOG=1"]
    );
    let there = health.downgrade();
    drop(health);
    assert!(there.upgrade().is_none(), "nothing keeps it");
    assert_eq!(systemd.hears_in(10_000).await, [""; 0]);
}

/// On the threads of the engine, by a real clock, and asked by a thread without a runtime.
#[test]
fn it_needs_no_runtime_of_the_application() {
    let systemd = Systemd::named("threads");
    systemd.socket.set_nonblocking(false).unwrap();
    let patience = Some(Duration::from_secs(10));
    systemd.socket.set_read_timeout(patience).unwrap();
    let threads = Arc::new(Mutex::new(None));
    let thread = Arc::clone(&threads);
    let check = Check::new("thread", move || {
        let thread = Arc::clone(&thread);
        async move { *thread.lock().unwrap() = Some(std::thread::current().id()) }
    });
    let health = HealthBuilder::empty().check(check.startup()).build();
    let health = health.unwrap();
    systemd.told_by(&health);
    let mut buffer = [0; 4096];
    let mut texts = std::iter::repeat_with(|| {
        let length = systemd.socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    });
    assert!(texts.any(|text| text.starts_with("READY=1")));
    let ran_on = threads.lock().unwrap().unwrap();
    assert_ne!(ran_on, std::thread::current().id());
}
