//! An attack on a server while somebody else probes it.

use std::fs;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::rt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::victim::{Observed, Victim};
use super::{HEAD_TIMEOUT, PATIENCE, PROBE_TIMEOUT, SECRET, USUAL_PROBE_TIMEOUT};
use crate::support::get;

/// A victim, and a prober who expects to be answered all the time.
pub(super) struct Attack {
    victim: Victim,
    descriptors: usize,
    is_over: Arc<AtomicBool>,
    /// Returns how long each probe took.
    prober: JoinHandle<Vec<Duration>>,
    probes: Arc<AtomicUsize>,
}

impl Attack {
    pub(super) async fn begin() -> Self {
        Self::on(Victim::start(PATIENCE).await).await
    }

    /// On a server that gives up heads that do not come.
    pub(super) async fn begin_with_head_timeout() -> Self {
        Self::on(Victim::start(HEAD_TIMEOUT).await).await
    }

    async fn on(victim: Victim) -> Self {
        let address = victim.address;
        // What is started when it is first needed is started now.
        assert_eq!(get(address, "/elsewhere").await.0, 503);
        while probe(address).await != 200 {}
        let (is_over, probes) = (Arc::default(), Arc::default());
        let prober = probe_until(address, Arc::clone(&is_over), Arc::clone(&probes));
        Self {
            descriptors: descriptors(&victim),
            victim,
            is_over,
            prober: rt::spawn(prober),
            probes,
        }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.victim.address
    }

    pub(super) const fn address_of_http2(&self) -> SocketAddr {
        self.victim.address_of_http2
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    pub(super) fn observe(&mut self) -> Observed {
        self.victim.observe()
    }

    /// The most memory that the process has had at once since the last call, in KiB. The kernel
    /// keeps this peak: unlike samples it misses nothing.
    pub(super) fn peak_kib(&self) -> usize {
        let process = self.victim.process();
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        // From here on it counts anew.
        fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
        let mut lines = status.lines();
        let peak = lines.find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.unwrap().trim().trim_end_matches(" kB");
        peak.parse().unwrap()
    }

    /// Waits until so many probes more are answered.
    pub(super) async fn await_probes(&self, more: usize) {
        let enough = self.probes.load(Ordering::Relaxed) + more;
        let are_answered = || self.probes.load(Ordering::Relaxed) >= enough;
        wait_until(|| are_answered() || self.prober.is_finished()).await;
    }

    /// Others were answered, nothing has panicked, and no connection is left behind.
    pub(super) async fn end(mut self) -> Observed {
        // At least one begins behind the attack.
        self.await_probes(2).await;
        self.is_over.store(true, Ordering::Relaxed);
        let mut took = self.prober.await.unwrap();
        took.sort_unstable();
        assert!(took[took.len() / 2] < USUAL_PROBE_TIMEOUT, "{took:?}");
        wait_until(|| descriptors(&self.victim) <= self.descriptors).await;
        let observed = self.victim.observe();
        assert_eq!(observed.panics, 0);
        assert!(observed.most_runs <= 1, "{observed:?}");
        observed
    }
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = Location::caller();
    let start = Instant::now();
    async move {
        while !is_so() {
            assert!(start.elapsed() < PATIENCE, "in vain, at {caller}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Sends these bytes and returns everything that comes back until the server closes the
/// connection, or resets it because there was more to read.
pub(super) async fn send(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may have had enough before everything is sent.
    let _ = timeout(PATIENCE, stream.write_all(bytes.as_ref())).await;
    answer(stream).await
}

/// What comes until the connection is closed or reset.
pub(super) async fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // An error is a reset: what came before it counts.
    let _ = timeout(PATIENCE, read).await.expect("it is not closed");
    let answer = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!answer.contains(SECRET), "{answer}");
    answer
}

/// The codes of all answers, in their order.
pub(super) fn codes(answers: &str) -> Vec<u16> {
    let lines = answers.split("HTTP/1.").skip(1);
    let code = |line: &str| line.get(2..5).and_then(|code| code.parse().ok());
    lines.map(|line| code(line).unwrap()).collect()
}

async fn probe_until(
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    probes: Arc<AtomicUsize>,
) -> Vec<Duration> {
    let mut took = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let start = Instant::now();
        assert_eq!(probe(address).await, 200);
        took.push(start.elapsed());
        probes.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(5)).await;
    }
    took
}

async fn probe(address: SocketAddr) -> u16 {
    let probe = timeout(PROBE_TIMEOUT, get(address, "/health/ready"));
    probe.await.expect("the probe is not answered").0
}

/// How many files and sockets the process has open.
fn descriptors(victim: &Victim) -> usize {
    fs::read_dir(format!("/proc/{}/fd", victim.process()))
        .unwrap()
        .count()
}
