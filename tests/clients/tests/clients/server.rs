//! A service of ours, and what befalls it.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fmt, io};

use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, USER_AGENT};
use actix_web::rt::System;
use actix_web::{App, HttpServer};
use health_actix::{Check, DrainExt, Health, HealthBuilder, HealthService, Probe};
use tokio::net::TcpSocket;
use tokio::sync::oneshot;

use crate::http;

pub(crate) const LIVE: &str = "/health/live";
pub(crate) const READY: &str = "/health/ready";

/// How long a check may take. Long before any client gives up, also on a busy machine.
const TIMEOUT: Duration = Duration::from_millis(300);

/// How long a result is kept, so that a change is seen soon.
const CACHE: Duration = Duration::from_millis(100);

/// Nothing that is asked here directly takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Marks what is asked directly: it is not counted.
const DIRECT: &str = "client-tests";

/// What befalls a service; `expected.md` says what each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    Healthy,
    Degraded,
    Unhealthy,
    Hung,
    Draining,
    Gone,
}

impl Situation {
    pub(crate) const ALL: [Self; 6] = [
        Self::Healthy,
        Self::Degraded,
        Self::Unhealthy,
        Self::Hung,
        Self::Draining,
        Self::Gone,
    ];
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// A service that can be started again and again, and is stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    fate: Arc<Fate>,
    process: Mutex<Process>,
}

/// What outlives the process.
#[derive(Debug)]
struct Fate {
    /// The probe whose checks are befallen.
    probe: Probe,
    envoy_degraded: bool,
    situation: Mutex<Situation>,
    /// How many runs of checks the situation has met.
    runs: AtomicUsize,
    answers: Mutex<Answers>,
}

/// What clients were answered.
#[derive(Debug, Default)]
struct Answers {
    paths: Vec<String>,
    /// What the last one asked with.
    request: String,
}

#[derive(Debug)]
enum Process {
    Running {
        address: SocketAddr,
        health: Health,
        stop: oneshot::Sender<()>,
        thread: JoinHandle<io::Result<()>>,
    },
    /// The port stays taken, so that nobody else answers there; who connects is refused.
    Gone(TcpSocket),
}

impl Server {
    /// A healthy service on a free port.
    pub(crate) fn start() -> Self {
        Self::with(Probe::Readiness, Situation::Healthy, false)
    }

    /// A service that tells Envoy when it is degraded.
    pub(crate) fn envoy_degraded() -> Self {
        Self::with(Probe::Readiness, Situation::Healthy, true)
    }

    /// A service whose checks of this probe are befallen, from the beginning.
    pub(crate) fn befallen(probe: Probe, situation: Situation) -> Self {
        Self::with(probe, situation, false)
    }

    fn with(probe: Probe, situation: Situation, envoy_degraded: bool) -> Self {
        let fate = Arc::new(Fate {
            probe,
            envoy_degraded,
            situation: Mutex::new(situation),
            runs: AtomicUsize::new(0),
            answers: Mutex::default(),
        });
        let process = Mutex::new(start(&fate));
        Self { fate, process }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.process.lock().unwrap().address()
    }

    pub(crate) fn put_into(&self, situation: Situation) {
        *self.fate.situation.lock().unwrap() = situation;
        self.fate.runs.store(0, Ordering::SeqCst);
        let mut process = self.process.lock().unwrap();
        match &*process {
            Process::Running { health, .. } if situation == Situation::Draining => {
                health.start_draining();
            }
            Process::Running { address, .. } if situation == Situation::Gone => {
                let address = *address;
                stop(&mut process);
                *process = Process::Gone(reserve(address));
            }
            Process::Running { health, .. } => health.stop_draining(),
            Process::Gone(_) => panic!("what is gone has to be restarted"),
        }
    }

    /// Starts it anew, maybe elsewhere, as a supervisor does.
    pub(crate) fn restart(&self) -> SocketAddr {
        let mut process = self.process.lock().unwrap();
        stop(&mut process);
        if self.fate.probe != Probe::Startup {
            *self.fate.situation.lock().unwrap() = Situation::Healthy;
        }
        *process = start(&self.fate);
        process.address()
    }

    /// Asks for readiness directly.
    pub(crate) fn ask(&self) -> io::Result<u16> {
        let answer = http::get(self.address(), READY, DIRECT, PATIENCE);
        answer.map(|(code, _)| code)
    }

    /// Whether answers that are given from now on are those of the situation.
    pub(crate) fn is_in_effect(&self) -> bool {
        match *self.fate.situation.lock().unwrap() {
            Situation::Draining | Situation::Gone => true,
            _ => self.fate.runs.load(Ordering::SeqCst) > 0,
        }
    }

    /// How many answers clients were given.
    pub(crate) fn answers(&self) -> usize {
        self.fate.answers.lock().unwrap().paths.len()
    }

    /// How many of them at this path.
    pub(crate) fn answers_at(&self, path: &str) -> usize {
        let answers = self.fate.answers.lock().unwrap();
        answers.paths.iter().filter(|known| *known == path).count()
    }

    /// What the last client asked with: method, version, whether it names the host, and who it is.
    pub(crate) fn request(&self) -> String {
        self.fate.answers.lock().unwrap().request.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(mut process) = self.process.lock() {
            stop(&mut process);
        }
    }
}

impl Process {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Running { address, .. } => *address,
            Self::Gone(socket) => socket.local_addr().unwrap(),
        }
    }
}

/// Starts the process; one that is gone from the beginning never listens.
fn start(fate: &Arc<Fate>) -> Process {
    let situation = *fate.situation.lock().unwrap();
    if situation == Situation::Gone {
        return Process::Gone(reserve(([127, 0, 0, 1], 0).into()));
    }
    let health = health(fate);
    if situation == Situation::Draining {
        health.start_draining();
    }
    let (stop, stopped) = oneshot::channel();
    let (told, address) = mpsc::channel();
    let (fate, shared) = (Arc::clone(fate), health.clone());
    let thread = thread::spawn(move || serve(&fate, &shared, stopped, &told));
    Process::Running {
        address: address.recv().unwrap(),
        health,
        stop,
        thread,
    }
}

/// Stops the process as SIGTERM does after its delay.
fn stop(process: &mut Process) {
    let gone = Process::Gone(TcpSocket::new_v4().unwrap());
    if let Process::Running { stop, thread, .. } = std::mem::replace(process, gone) {
        let _ = stop.send(());
        thread.join().unwrap().unwrap();
    }
}

/// Takes an address without listening.
fn reserve(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    // Connections to what listened here may not have died down.
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn serve(
    fate: &Arc<Fate>,
    health: &Health,
    stopped: oneshot::Receiver<()>,
    told: &mpsc::Sender<SocketAddr>,
) -> io::Result<()> {
    let (fate, health) = (Arc::clone(fate), health.clone());
    let envoy_degraded = fate.envoy_degraded;
    let server = HttpServer::new(move || {
        let fate = Arc::clone(&fate);
        App::new()
            .wrap_fn(move |request, next| {
                let request_was = asked_with(&request);
                let (fate, answer) = (Arc::clone(&fate), next.call(request));
                async move {
                    let response = answer.await?;
                    fate.count(&response, request_was);
                    Ok(response)
                }
            })
            .wrap(health.drain_layer())
            .service(HealthService::new(&health).envoy_degraded(envoy_degraded))
    });
    let server = server
        .workers(1)
        .shutdown_timeout(1)
        .shutdown_signal(async {
            // A server that was forgotten stops as well.
            let _ = stopped.await;
        })
        .bind(("127.0.0.1", 0))?;
    told.send(server.addrs()[0]).unwrap();
    System::new().block_on(async { server.run().await })
}

impl Fate {
    fn count<B>(&self, response: &ServiceResponse<B>, request: String) {
        if !request.ends_with(DIRECT) {
            let mut answers = self.answers.lock().unwrap();
            answers.paths.push(response.request().path().to_owned());
            answers.request = request;
        }
    }

    /// What a check that is befallen finds.
    async fn befall(&self, critical: bool) -> Result<(), &'static str> {
        let situation = *self.situation.lock().unwrap();
        let is_met = match situation {
            Situation::Degraded => !critical,
            Situation::Unhealthy | Situation::Hung => critical,
            Situation::Healthy | Situation::Draining | Situation::Gone => true,
        };
        self.runs.fetch_add(usize::from(is_met), Ordering::SeqCst);
        match situation {
            Situation::Hung if is_met => pending().await,
            Situation::Degraded | Situation::Unhealthy if is_met => Err("down"),
            _ => Ok(()),
        }
    }
}

/// Checks of all three probes, of which one probe's are befallen.
fn health(fate: &Arc<Fate>) -> Health {
    let mut builder = HealthBuilder::empty();
    for probe in Probe::ALL {
        for (name, critical) in [("database", true), ("cache", false)] {
            let fate = Arc::clone(fate);
            let is_befallen = probe == fate.probe;
            let check = Check::new(format!("{probe}_{name}"), move || {
                let fate = Arc::clone(&fate);
                async move {
                    if is_befallen {
                        return fate.befall(critical).await;
                    }
                    Ok(())
                }
            });
            let check = check.serving(probe).with_critical(critical);
            builder = builder.check(check.with_timeout(TIMEOUT).with_cache(CACHE));
        }
    }
    builder.build().unwrap()
}

fn asked_with(request: &ServiceRequest) -> String {
    let headers = request.headers();
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    // Without the version.
    let name = user_agent.and_then(|text| text.split('/').next());
    let host = if headers.contains_key(HOST) {
        ""
    } else {
        "no "
    };
    let (method, version) = (request.method(), request.version());
    let who = name.map(|name| format!(", {name}")).unwrap_or_default();
    format!("{method} {version:?}, {host}Host{who}")
}
