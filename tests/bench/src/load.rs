//! A load: connections that stay open, each of which asks again as soon as it was answered.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::Result;

/// How long a server may be silent before that is an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked, and whom.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    address: SocketAddr,
    request: Vec<u8>,
}

impl Load {
    pub(crate) fn get(address: SocketAddr, path: &str) -> Self {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
        Self { address, request }
    }

    pub(crate) fn connect(&self, connections: usize) -> Result<Connections> {
        let poll = Poll::new()?;
        let mut all = Vec::with_capacity(connections);
        for number in 0..connections {
            let stream = std::net::TcpStream::connect(self.address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(number), Interest::READABLE)?;
            all.push(Connection {
                stream,
                received: Vec::with_capacity(4096),
                asked: Instant::now(),
            });
        }
        Ok(Connections {
            request: self.request.clone(),
            poll,
            events: Events::with_capacity(1024),
            all,
        })
    }
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    asked: Instant,
}

/// Open connections, for several runs.
pub(crate) struct Connections {
    request: Vec<u8>,
    poll: Poll,
    events: Events,
    all: Vec<Connection>,
}

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) elapsed: Duration,
    /// How long each answer took, in the order of the answers.
    pub(crate) latencies: Vec<Duration>,
    /// How many answers had which status.
    pub(crate) statuses: BTreeMap<u16, u64>,
}

impl Run {
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Whether all answers had this status.
    pub(crate) fn all_were(&self, status: u16) -> Result {
        if self.statuses.keys().all(|&other| other == status) {
            return Ok(());
        }
        Err(format!("not all answers were {status}: {:?}", self.statuses).into())
    }

    /// The time within which this share, of 1, of the answers came, in seconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(place).map_or(f64::NAN, Duration::as_secs_f64)
    }
}

impl Connections {
    /// Asks on all connections for so long, and waits for the last answers.
    pub(crate) fn run(&mut self, time: Duration) -> Result<Run> {
        let mut run = Run::default();
        let start = Instant::now();
        let end = start + time;
        for connection in &mut self.all {
            ask(connection, &self.request)?;
        }
        let mut open = self.all.len();
        while open > 0 {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            if self.events.is_empty() {
                return Err(format!("no answer within {PATIENCE:?}").into());
            }
            for event in &self.events {
                let connection = &mut self.all[event.token().0];
                let Some(status) = receive(connection)? else {
                    continue;
                };
                *run.statuses.entry(status).or_default() += 1;
                let now = Instant::now();
                run.latencies.push(now - connection.asked);
                if now < end {
                    ask(connection, &self.request)?;
                } else {
                    open -= 1;
                }
            }
        }
        run.elapsed = start.elapsed();
        Ok(run)
    }
}

fn ask(connection: &mut Connection, request: &[u8]) -> Result {
    connection.received.clear();
    connection.asked = Instant::now();
    // A request is small, and the one before was read: it fits.
    connection.stream.write_all(request)?;
    Ok(())
}

/// The status of the answer, once it is there as a whole.
fn receive(connection: &mut Connection) -> Result<Option<u16>> {
    let mut buffer = [0; 16 << 10];
    loop {
        match connection.stream.read(&mut buffer) {
            Ok(0) => return Err("the server closed a connection".into()),
            Ok(length) => connection.received.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        // Another read that finds nothing is spared.
        if let Some(status) = whole(&connection.received)? {
            return Ok(Some(status));
        }
    }
    Ok(None)
}

/// The status of an answer that has been received as a whole.
pub(crate) fn whole(received: &[u8]) -> Result<Option<u16>> {
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&received[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or_else(|| format!("no answer of HTTP: {head}"))?;
    let header = |wanted: &str| {
        let mut headers = lines.clone().filter_map(|line| line.split_once(':'));
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim())
    };
    let body = &received[end + 4..];
    let is_whole = match header("content-length") {
        Some(length) => body.len() >= length.parse::<usize>()?,
        // Nobody pipelines here, so nothing can follow the last chunk.
        None if header("transfer-encoding") == Some("chunked") => body.ends_with(b"0\r\n\r\n"),
        None => return Err(format!("an answer without content-length: {head}").into()),
    };
    Ok(is_whole.then_some(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_once_its_body_is() -> Result {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nab";
        for length in 0..answer.len() {
            assert_eq!(whole(&answer[..length])?, None, "{length}");
        }
        assert_eq!(whole(answer)?, Some(503));
        Ok(())
    }

    #[test]
    fn an_answer_in_chunks_is_whole_with_its_last() -> Result {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        for length in 0..answer.len() {
            assert_eq!(whole(&answer[..length])?, None, "{length}");
        }
        assert_eq!(whole(answer)?, Some(200));
        Ok(())
    }
}
