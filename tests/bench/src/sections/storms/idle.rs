//! Connections of the application that do nothing, or little, and the management port beside them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::service::{Service, Sort};
use crate::Result;
use crate::bench::Bench;
use crate::servers::storm::READINESS;
use crate::storm::{Client, Crowd, Pace, Run, Tally, get};
use crate::table::{Goal, Row};

const IDLE: usize = 1_000;
const SLOW: usize = 100;
/// How long the slow ones rest after each byte.
const PAUSE: Duration = Duration::from_millis(20);

const LIMIT: Duration = Duration::from_millis(100);

pub(super) fn run(bench: &mut Bench) -> Result {
    let service = Service::start(Sort::HEALTH)?;
    service.freeze(0)?;
    let address = service.address();
    let management = service.management()?;
    let idle = (0..IDLE).map(|_| TcpStream::connect(address));
    let idle = idle.collect::<io::Result<Vec<_>>>()?;
    let over = AtomicBool::new(false);
    let time = Duration::from_millis(if bench.quick { 1000 } else { 4000 });
    let (kept, fresh) = thread::scope(|scope| {
        let senders = scope.spawn(|| send(address, &over));
        let readers = scope.spawn(|| read(address, &over));
        let probed = probe(management, time);
        over.store(true, Ordering::Relaxed);
        for slow in [senders, readers] {
            slow.join().map_err(|_| "a slow client panicked")??;
        }
        probed
    })?;
    drop(idle);
    let slowest = fresh.iter().max().map_or(0.0, Duration::as_secs_f64);
    let beside = format!("beside {IDLE} idle, {SLOW} slow to read, {SLOW} to send");
    bench.add(
        Row::value(
            format!("management port {beside}: slowest"),
            kept.client.max.max(slowest) * 1e3,
            "ms",
        )
        .goal(Goal::AtMost(LIMIT.as_secs_f64() * 1e3))
        .note(format!(
            "of {} on kept connections, p99 {:.2} ms, and {} on fresh ones, the slowest {:.2} ms",
            kept.answers(),
            kept.client.p99 * 1e3,
            fresh.len(),
            slowest * 1e3
        )),
    );
    bench.add(
        Row::value(
            "the same: unanswered, or not 200",
            (kept.unanswered + kept.other_than(200)) as f64,
            "",
        )
        .goal(Goal::AtMost(0.0)),
    );
    Ok(())
}

/// Probes on connections that are kept, then on fresh ones.
fn probe(management: SocketAddr, time: Duration) -> Result<(Tally, Vec<Duration>)> {
    let mut client = Client::gather(Crowd {
        address: management,
        path: READINESS.to_owned(),
        connections: 8,
    })?;
    let kept = client.run(Run {
        time,
        pace: Pace::Every(Duration::from_millis(16)),
        limit: LIMIT,
    })?;
    let start = Instant::now();
    let mut fresh = Vec::new();
    while start.elapsed() < time {
        let asked = Instant::now();
        if get(management, READINESS)?.0 != 200 {
            return Err("not ready".into());
        }
        fresh.push(asked.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    Ok((kept, fresh))
}

/// Sends a head byte by byte, over and over.
fn send(address: SocketAddr, over: &AtomicBool) -> io::Result<()> {
    let head = b"GET /plain HTTP/1.1\r\nhost: slow\r\n\r\n";
    let mut streams = connect(address)?;
    for byte in head.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        for stream in &mut streams {
            stream.write_all(&[*byte])?;
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// Reads a large body byte by byte.
fn read(address: SocketAddr, over: &AtomicBool) -> io::Result<()> {
    let mut streams = connect(address)?;
    for stream in &mut streams {
        stream.write_all(b"GET /large HTTP/1.1\r\nhost: slow\r\n\r\n")?;
    }
    while !over.load(Ordering::Relaxed) {
        for stream in &mut streams {
            stream.read_exact(&mut [0])?;
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn connect(address: SocketAddr) -> io::Result<Vec<TcpStream>> {
    (0..SLOW).map(|_| TcpStream::connect(address)).collect()
}
