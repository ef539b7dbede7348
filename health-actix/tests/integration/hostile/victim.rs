//! The server that is attacked, as a process of its own: so its panics, its memory and its
//! descriptors are nobody else's.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, panic, process, thread};

use actix_web::dev::{Server, Service};
use actix_web::{App, HttpServer, rt};
use health_actix::{
    Check, Details, Dialect, DrainExt, GuardExt, Health, HealthService, Outcome, RateLimit,
    Workers, api_key, bearer, networks,
};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::{CHECKS, PATIENCE, SECRET};
use crate::support::{fine, health};

/// How long the check `slow` takes, each time it is asked for.
const SLOW: Duration = Duration::from_millis(100);

/// Where it panics, to show that this is seen.
pub(super) const PANICS_AT: &str = "/panic";

/// Said by that panic.
const MEANT: &str = "it is meant to";

/// Tells the process where it reports to.
const REPORT_TO: &str = "HEALTH_ACTIX_VICTIM_REPORTS_TO";

/// Tells it how many seconds a client may take for the head of its first request.
const HEAD_SECONDS: &str = "HEALTH_ACTIX_VICTIM_HEAD_SECONDS";

/// What the process says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed {
    pub(super) panics: usize,
    pub(super) runs: usize,
    /// The most runs of one check that were in flight at once.
    pub(super) most_runs: usize,
}

/// The process; it ends with this value, whatever becomes of the test.
#[derive(Debug)]
pub(super) struct Victim {
    pub(super) address: SocketAddr,
    /// For HTTP/2 too.
    pub(super) address_of_http2: SocketAddr,
    process: Child,
    reports: BufReader<TcpStream>,
}

impl Victim {
    pub(super) async fn start(head_timeout: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let reports_to = listener.local_addr().unwrap().to_string();
        let process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "hostile::victim::serves", "--ignored"])
            .args(["--nocapture", "--quiet"])
            .env(REPORT_TO, reports_to)
            .env(HEAD_SECONDS, head_timeout.as_secs().to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        let stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reports = BufReader::new(stream);
        let mut address = || line(&mut reports).parse().unwrap();
        Self {
            address: address(),
            address_of_http2: address(),
            process,
            reports,
        }
    }

    pub(super) fn observe(&mut self) -> Observed {
        self.reports.get_mut().write_all(b"?\n").unwrap();
        let line = line(&mut self.reports);
        let mut numbers = line.split(' ').map(|number| number.parse().unwrap());
        let mut next = || numbers.next().unwrap();
        Observed {
            panics: next(),
            runs: next(),
            most_runs: next(),
        }
    }

    pub(super) fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn line(reports: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    reports.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

static PANICS: AtomicUsize = AtomicUsize::new(0);
static RUNS: AtomicUsize = AtomicUsize::new(0);
static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// No test, but what a [`Victim`] runs. Ends when its parent does.
#[test]
#[ignore = "the other tests start it, as a process"]
fn serves() {
    let Ok(reports_to) = env::var(REPORT_TO) else {
        return;
    };
    let reports = TcpStream::connect(reports_to).unwrap();
    let seconds = env::var(HEAD_SECONDS).unwrap().parse().unwrap();
    count_panics();
    rt::System::new().block_on(async {
        let (server, addresses) = server(Duration::from_secs(seconds));
        thread::spawn(move || report(reports, &addresses));
        server.await.unwrap();
    });
}

/// All but the one that is meant are printed too.
fn count_panics() {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        if !info.to_string().contains(MEANT) {
            former(info);
        }
    }));
}

/// The server and its addresses. It has one worker: what holds it holds everybody.
fn server(head_timeout: Duration) -> (Server, Vec<SocketAddr>) {
    let (health, refusing) = (health(checks()), health([broken()]));
    let workers = Workers::new();
    let server = HttpServer::new(move || {
        App::new()
            // It refuses all but health, and so looks up what is.
            .wrap(refusing.guard("broken"))
            .wrap(health.drain_layer())
            .wrap(workers.layer())
            .wrap_fn(|request, next| {
                assert_ne!(request.path(), PANICS_AT, "{MEANT}");
                next.call(request)
            })
            .wrap(HealthService::new(&health).prefix("/outermost").layer())
            .service(service(&health))
    });
    let server = server.workers(1).client_request_timeout(head_timeout);
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let server = server.bind_auto_h2c(("127.0.0.1", 0)).unwrap();
    let addresses = server.addrs();
    (server.run(), addresses)
}

/// It speaks several dialects, believes proxies, and reads credentials.
fn service(health: &Health) -> HealthService {
    const PROXIES: [&str; 1] = ["127.0.0.1"];
    let dialects = [
        Dialect::default(),
        Dialect::kubernetes(),
        Dialect::spring(),
        Dialect::ietf().at("/ietf"),
    ];
    let operators = bearer("7Xf2rQm0vTz9kLpA").or(api_key("Q9dV3sXw5tRzK2nE"));
    let operators = operators.or(networks(["192.0.2.7"]).behind(PROXIES));
    HealthService::new(health)
        .dialects(dialects)
        .details(Details::when(operators))
        .rate_limit(RateLimit::per_second(10_000).behind(PROXIES))
}

/// Says the addresses, and for each line that comes what was observed.
fn report(mut reports: TcpStream, addresses: &[SocketAddr]) {
    for address in addresses {
        writeln!(reports, "{address}").unwrap();
    }
    let lines = BufReader::new(reports.try_clone().unwrap()).lines();
    for _ in lines.map_while(Result::ok) {
        let [panics, runs, most] = [&PANICS, &RUNS, &MOST].map(|c| c.load(Ordering::Relaxed));
        writeln!(reports, "{panics} {runs} {most}").unwrap();
    }
    process::exit(0);
}

/// Readiness passes.
fn checks() -> Vec<Check> {
    let slow = Check::new("slow", async || {
        let _run = Run::begin();
        sleep(SLOW).await;
    });
    let mut checks: Vec<_> = CHECKS.map(fine).into();
    checks.push(broken().with_critical(false));
    checks.push(slow.startup().with_cache(Duration::ZERO));
    checks
}

fn broken() -> Check {
    let check = async || Outcome::unhealthy("no").with_error(SECRET);
    Check::new("broken", check).readiness().with_tag("broken")
}

/// Counts a run of the check `slow`.
struct Run;

impl Run {
    fn begin() -> Self {
        RUNS.fetch_add(1, Ordering::Relaxed);
        let in_flight = 1 + IN_FLIGHT.fetch_add(1, Ordering::Relaxed);
        MOST.fetch_max(in_flight, Ordering::Relaxed);
        Self
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(1, Ordering::Relaxed);
    }
}
