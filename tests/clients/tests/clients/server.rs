//! A service of ours, and what befalls it.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fmt, io};

use actix_web::dev::{Service, ServiceRequest};
use actix_web::http::header::{HOST, USER_AGENT};
use actix_web::rt::System;
use actix_web::{App, HttpServer};
use health_actix::{Check, DrainExt, GrpcHealth, Health, HealthBuilder, HealthService, Probe};
use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use tonic::codegen::{BoxFuture, Context, Poll, Service as TowerService, http as http1};
use tonic::transport::server::TcpIncoming;

use crate::http;
use crate::observe::until;

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
        grpc: SocketAddr,
        health: Health,
        stop: oneshot::Sender<()>,
        thread: JoinHandle<io::Result<()>>,
    },
    /// The ports stay taken, so that nobody else answers there; who connects is refused.
    Gone(TcpSocket, TcpSocket),
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

    /// Where the gRPC health service is.
    pub(crate) fn grpc(&self) -> SocketAddr {
        match &*self.process.lock().unwrap() {
            Process::Running { grpc, .. } => *grpc,
            Process::Gone(_, socket) => socket.local_addr().unwrap(),
        }
    }

    pub(crate) fn put_into(&self, situation: Situation) {
        *self.fate.situation.lock().unwrap() = situation;
        self.fate.runs.store(0, Ordering::SeqCst);
        let mut process = self.process.lock().unwrap();
        match &*process {
            Process::Running { health, .. } if situation == Situation::Draining => {
                health.start_draining();
            }
            Process::Running { address, grpc, .. } if situation == Situation::Gone => {
                let (address, grpc) = (*address, *grpc);
                stop(&mut process);
                *process = Process::Gone(reserve(address), reserve(grpc));
            }
            Process::Running { health, .. } => health.stop_draining(),
            Process::Gone(..) => panic!("what is gone has to be restarted"),
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
            Self::Gone(socket, _) => socket.local_addr().unwrap(),
        }
    }
}

/// Starts the process; one that is gone from the beginning never listens.
fn start(fate: &Arc<Fate>) -> Process {
    let situation = *fate.situation.lock().unwrap();
    if situation == Situation::Gone {
        let anywhere = ([127, 0, 0, 1], 0).into();
        return Process::Gone(reserve(anywhere), reserve(anywhere));
    }
    let health = health(fate);
    if situation == Situation::Draining {
        health.start_draining();
    }
    let (stop, stopped) = oneshot::channel();
    let (told, address) = mpsc::channel();
    let (fate, shared) = (Arc::clone(fate), health.clone());
    let thread = thread::spawn(move || serve(&fate, &shared, stopped, &told));
    let (address, grpc) = address.recv().unwrap();
    Process::Running {
        address,
        grpc,
        health,
        stop,
        thread,
    }
}

/// Stops the process as SIGTERM does after its delay.
fn stop(process: &mut Process) {
    let nowhere = || TcpSocket::new_v4().unwrap();
    let gone = Process::Gone(nowhere(), nowhere());
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
    // A program that is just being started has what listened here open, until it runs.
    let mut error = None;
    let is_bound = until(|| {
        error = socket.bind(address).err();
        error.is_none()
    });
    assert!(is_bound, "{address}: {error:?}");
    socket
}

fn serve(
    fate: &Arc<Fate>,
    health: &Health,
    stopped: oneshot::Receiver<()>,
    told: &mpsc::Sender<(SocketAddr, SocketAddr)>,
) -> io::Result<()> {
    let grpc = Counted {
        service: GrpcHealth::new(health).map_err(io::Error::other)?,
        fate: Arc::clone(fate),
    };
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
                    fate.count(response.request().path(), request_was);
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
    let address = server.addrs()[0];
    System::new().block_on(async {
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?;
        told.send((address, incoming.local_addr()?)).unwrap();
        // It ends with the system.
        let own = tonic::transport::Server::builder().serve_with_incoming(grpc, incoming);
        drop(actix_web::rt::spawn(own));
        server.run().await
    })
}

/// The gRPC health service, whose answers are counted.
#[derive(Clone)]
struct Counted {
    service: GrpcHealth,
    fate: Arc<Fate>,
}

type GrpcRequest = http1::Request<tonic::body::Body>;

impl TowerService<GrpcRequest> for Counted {
    type Response = http1::Response<tonic::body::Body>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: GrpcRequest) -> Self::Future {
        let path = request.uri().path().to_owned();
        let user_agent = request.headers().get("user-agent");
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        let request_was = format!("gRPC {:?}{}", request.version(), named(user_agent));
        let (fate, answer) = (Arc::clone(&self.fate), self.service.call(request));
        Box::pin(async move {
            let response = answer.await?;
            fate.count(&path, request_was);
            Ok(response)
        })
    }
}

impl Fate {
    fn count(&self, path: &str, request: String) {
        if !request.ends_with(DIRECT) {
            let mut answers = self.answers.lock().unwrap();
            answers.paths.push(path.to_owned());
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
    let host = if headers.contains_key(HOST) {
        ""
    } else {
        "no "
    };
    let (method, version) = (request.method(), request.version());
    let who = named(user_agent);
    format!("{method} {version:?}, {host}Host{who}")
}

/// The name that a client gives itself, without the version.
fn named(user_agent: Option<&str>) -> String {
    let name = user_agent.and_then(|text| text.split('/').next());
    name.map(|name| format!(", {name}")).unwrap_or_default()
}
