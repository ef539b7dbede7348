//! A pod of one container with three probes, each with a worker that asks at its period.
//!
//! Not emulated: the random wait after a kubelet was restarted, the additional readiness probe when
//! a container has started, the back-off between restarts, and ends other than by probes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use health_actix::Probe;

use super::exchange::{Outcome, probe};
use super::worker::{Container, Next, Spec, Verdict, Worker};

/// How often a probe is tried whose result is thrown away.
const MOST_TRIES: usize = 3;

/// Starts the container, or kills it and starts it again, and says where it is.
type Runtime = dyn Fn() -> SocketAddr + Send + Sync;

/// A pod that is probed until it is dropped.
#[derive(Debug)]
pub(crate) struct Pod {
    status: Arc<Mutex<Status>>,
    workers: Vec<(mpsc::Sender<()>, JoinHandle<()>)>,
}

/// What an API server would be told, and what workers are.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// Where the container is, and since when, while it runs.
    running: Option<(SocketAddr, Instant)>,
    /// How often it was restarted, which tells one container from another.
    pub(crate) restarts: u64,
    deleted: bool,
    verdicts: [Option<Verdict>; Probe::ALL.len()],
    pub(crate) events: Vec<String>,
}

impl Status {
    /// Whether the startup probe has passed.
    pub(crate) fn started(&self) -> bool {
        self.running.is_some() && self.is_success(Probe::Startup)
    }

    /// The condition `Ready`.
    pub(crate) fn ready(&self) -> bool {
        self.started() && self.is_success(Probe::Readiness)
    }

    fn is_success(&self, probe: Probe) -> bool {
        self.verdicts[probe as usize] == Some(Verdict::Success)
    }

    fn container(&self) -> Container {
        Container {
            id: self.restarts,
            running_for: self.running.map(|(_, since)| since.elapsed()),
            started: self.started(),
            deleted: self.deleted,
        }
    }
}

impl Pod {
    /// Starts the container, and a worker for each probe: liveness, readiness, startup.
    pub(crate) fn start(
        specs: [Spec; 3],
        runtime: impl Fn() -> SocketAddr + Send + Sync + 'static,
    ) -> Self {
        let status = Arc::new(Mutex::new(Status {
            running: Some((runtime(), Instant::now())),
            restarts: 0,
            deleted: false,
            verdicts: [None; 3],
            events: Vec::new(),
        }));
        let runtime: Arc<Runtime> = Arc::new(runtime);
        let workers = Probe::ALL.into_iter().zip(specs).map(|(probe, spec)| {
            let kubelet = Kubelet {
                status: Arc::clone(&status),
                runtime: Arc::clone(&runtime),
            };
            let (stop, stopped) = mpsc::channel();
            let worker = Worker::new(probe, spec);
            (stop, thread::spawn(move || kubelet.work(worker, &stopped)))
        });
        let workers = workers.collect();
        Self { status, workers }
    }

    pub(crate) fn status(&self) -> Status {
        self.status.lock().unwrap().clone()
    }

    /// Sets the `deletionTimestamp`.
    pub(crate) fn delete(&self) {
        self.status.lock().unwrap().deleted = true;
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        for (stop, worker) in self.workers.drain(..) {
            drop(stop);
            let _ = worker.join();
        }
    }
}

/// What a worker works with.
struct Kubelet {
    status: Arc<Mutex<Status>>,
    runtime: Arc<Runtime>,
}

impl Kubelet {
    fn work(&self, mut worker: Worker, stopped: &mpsc::Receiver<()>) {
        let period = worker.spec().period;
        let mut next = Instant::now();
        while self.step(&mut worker) {
            // A ticker keeps one tick for who is late, and drops the others.
            next += period;
            while next + period <= Instant::now() {
                next += period;
            }
            let wait = next.saturating_duration_since(Instant::now());
            if stopped.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Does what is to be done now; returns whether there is more to come.
    fn step(&self, worker: &mut Worker) -> bool {
        let mut status = self.status.lock().unwrap();
        let (next, verdict) = worker.next(&status.container());
        if verdict.is_some() {
            status.verdicts[worker.probe() as usize] = verdict;
        }
        let (id, running) = (status.restarts, status.running);
        drop(status);
        if let (Next::Probe, Some((address, _))) = (next, running)
            && let Some(success) = self.probe(worker, address)
        {
            self.record(worker, id, success);
        }
        next != Next::End
    }

    /// Asks, and tells what it found; nothing if the result is thrown away.
    fn probe(&self, worker: &Worker, address: SocketAddr) -> Option<bool> {
        let spec = worker.spec();
        let ask = || probe(address, spec.path, spec.timeout);
        let mut outcome = ask();
        for _ in 1..MOST_TRIES {
            if matches!(outcome, Outcome::Error(_)) {
                outcome = ask();
            }
        }
        let name = match worker.probe() {
            Probe::Liveness => "Liveness",
            Probe::Readiness => "Readiness",
            Probe::Startup => "Startup",
        };
        let (event, success) = match outcome {
            Outcome::Success => return Some(true),
            Outcome::Warning(text) => (format!("{name} probe warning: {text}"), Some(true)),
            Outcome::Failure(text) => (format!("{name} probe failed: {text}"), Some(false)),
            Outcome::Error(text) => {
                let text = format!("{name} probe errored and resulted in failure state: {text}");
                (text, None)
            }
        };
        self.status.lock().unwrap().events.push(event);
        success
    }

    fn record(&self, worker: &mut Worker, id: u64, success: bool) {
        let Some(verdict) = worker.record(success) else {
            return;
        };
        let mut status = self.status.lock().unwrap();
        if status.restarts != id || status.running.is_none() {
            return;
        }
        status.verdicts[worker.probe() as usize] = Some(verdict);
        if verdict == Verdict::Failure && worker.restarts() {
            let probe = worker.probe();
            let event = format!("Container app failed {probe} probe, will be restarted");
            status.events.push(event);
            status.running = None;
            drop(status);
            self.restart();
        }
    }

    /// Nobody knows of the new container before it runs.
    fn restart(&self) {
        let address = (self.runtime)();
        let mut status = self.status.lock().unwrap();
        status.restarts += 1;
        status.verdicts = [None; 3];
        status.running = Some((address, Instant::now()));
    }
}
