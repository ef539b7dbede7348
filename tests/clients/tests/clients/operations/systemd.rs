//! A service that systemd has started: a process of its own, told by the environment where systemd
//! listens.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::rt::System;
use actix_web::{App, HttpServer};
use health_actix::{Check, DrainExt, HealthBuilder, HealthService, SystemdExt};

use super::{Fact, compare};
use crate::program::{Directory, PATIENCE, find};
use crate::tell;

const NOTIFY: &str = "systemd-notify";
const ANALYZE: &str = "systemd-analyze";
const OURS: &str = "health-actix";

/// Where the service looks for what is to befall it.
const FOLDER: &str = "HEALTH_TEST_SYSTEMD_FOLDER";

/// How long systemd would wait.
const WATCHDOG: Duration = Duration::from_secs(1);

/// Where systemd would listen.
struct Systemd {
    socket: UnixDatagram,
    name: String,
}

impl Systemd {
    fn new() -> Self {
        let name = format!("health-client-tests-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let name = format!("@{name}");
        Self { socket, name }
    }

    /// What is told next, if anything is in this time.
    fn hear(&self, patience: Duration) -> Option<String> {
        let mut buffer = [0; 4096];
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let length = self.socket.recv(&mut buffer).ok()?;
        let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
        Some(text.trim_end().replace('\n', "; "))
    }

    /// The next that is told and is no sign of life.
    fn hear_of(&self) -> String {
        let begin = Instant::now();
        let texts = std::iter::from_fn(|| self.hear(PATIENCE));
        let mut texts = texts.take_while(|_| begin.elapsed() < PATIENCE);
        let text = texts.find(|text| text != "WATCHDOG=1");
        text.unwrap_or_else(|| "nothing".to_owned())
    }

    fn hear_several<const N: usize>(&self) -> String {
        let texts = [(); N].map(|()| self.hear(PATIENCE).unwrap_or_else(|| "nothing".to_owned()));
        texts.join(", ")
    }
}

/// The service, which is this program in another process.
struct Service(Child);

impl Service {
    fn start(systemd: &Systemd, folder: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "operations::systemd::the_service_itself"])
            .env(FOLDER, folder)
            .env("NOTIFY_SOCKET", &systemd.name)
            .env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string())
            .env_remove("WATCHDOG_PID")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.unwrap().success());
    }

    fn end(&mut self) -> String {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status
                    .code()
                    .map_or("a signal".to_owned(), |code| code.to_string());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        "never".to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Fails if it has ended already, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the other process runs; a test that passes for everybody else.
#[test]
fn the_service_itself() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        System::new().block_on(serve(Path::new(&folder)));
    }
}

async fn serve(folder: &Path) {
    let is_there = |name: &str| {
        let path = folder.join(name);
        move || path.exists()
    };
    let started = is_there("started");
    let stuck = is_there("stuck");
    let health = HealthBuilder::empty()
        .check(Check::blocking("migrations", started).startup())
        .check(Check::blocking("event_loop", move || !stuck()).liveness())
        .build()
        .unwrap();
    let drain = health.drain(Duration::from_secs(1));
    let endpoints = HealthService::new(&health);
    let server = HttpServer::new(move || App::new().service(endpoints.clone()))
        .workers(1)
        .shutdown_signal(drain)
        .bind(("127.0.0.1", 0))
        .unwrap();
    health.notify_systemd().unwrap();
    server.run().await.unwrap();
}

fn of_the_service(systemd: &Systemd, folder: &Directory) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |given: &str, says: String| facts.push(Fact::new(OURS, given, says));
    let mut service = Service::start(systemd, folder.path());
    fact("a startup check that fails", systemd.hear_of());
    let _ = folder.write("started", "").unwrap();
    fact("a startup check that passes", systemd.hear_of());
    let alive = systemd.hear_several::<3>();
    fact("liveness that passes, three times", alive);
    let stuck = folder.write("stuck", "").unwrap();
    fact("liveness that fails", systemd.hear_of());
    assert_eq!(systemd.hear(WATCHDOG * 5 / 4), None);
    std::fs::remove_file(stuck).unwrap();
    let mut again = [systemd.hear(PATIENCE), systemd.hear(PATIENCE)];
    again.sort();
    fact(
        "liveness that passes again",
        again.map(Option::unwrap_or_default).join(", "),
    );
    service.signal("-USR1");
    fact("SIGUSR1", systemd.hear_of());
    service.signal("-TERM");
    fact("SIGTERM", systemd.hear_of());
    fact("the end of the process", service.end());
    facts
}

fn of_systemd_notify(systemd: &Systemd, program: &Path) -> Vec<Fact> {
    let given = ["--ready --status=ready", "--status=draining STOPPING=1"];
    let facts = given.map(|given| {
        let sent = Command::new(program)
            .arg("--no-block")
            .args(given.split(' '))
            .env("NOTIFY_SOCKET", &systemd.name)
            .output();
        assert!(sent.unwrap().status.success());
        let says = systemd.hear(PATIENCE).unwrap_or_default();
        Fact::new(NOTIFY, given, says)
    });
    facts.into()
}

fn of_systemd_analyze(folder: &Directory, program: &Path) -> Fact {
    let unit = folder.write(
        "orders.service",
        "[Unit]\nDescription=Orders\n\n[Service]\nType=notify\nWatchdogSec=1\nRestart=on-failure\n\
         ExecStart=/bin/true\n",
    );
    let verified = Command::new(program)
        .args(["verify", "--man=no"])
        .arg(unit.unwrap())
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&verified.stderr).into_owned();
    let complaints = complaints
        .lines()
        .filter(|line| line.contains("orders.service"));
    let code = verified.status.code().unwrap_or(-1).to_string();
    let says = std::iter::once(&*code).chain(complaints);
    let given = "verify, a unit with Type=notify and WatchdogSec=1";
    Fact::new(ANALYZE, given, says.collect::<Vec<_>>().join(" "))
}

#[test]
fn systemd_is_told_what_it_expects() {
    let systemd = Systemd::new();
    let folder = Directory::new().unwrap();
    let mut facts = of_the_service(&systemd, &folder);
    let mut skipped = Vec::new();
    match find(NOTIFY) {
        Some(program) => facts.extend(of_systemd_notify(&systemd, &program)),
        None => skipped.push(NOTIFY),
    }
    match find(ANALYZE) {
        Some(program) => facts.push(of_systemd_analyze(&folder, &program)),
        None => skipped.push(ANALYZE),
    }
    for program in &skipped {
        tell(&format!("SKIPPED {program}: not installed: none in PATH\n"));
    }
    compare("systemd", &facts, &skipped);
}
