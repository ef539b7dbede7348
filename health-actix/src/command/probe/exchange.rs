//! One request and its answer, until a deadline.

use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::answer::{Answer, Invalid};
use super::url::{Host, Url};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    TimedOut,
    Refused,
    Unresolved,
    Unreachable,
    EndedEarly,
    NotHttp,
}

impl Failure {
    pub(super) fn text(self, timeout: Duration) -> String {
        let text = match self {
            Self::TimedOut => {
                let timeout = humantime::format_duration(timeout);
                return format!("no whole answer within {timeout}");
            }
            Self::Refused => "connection refused",
            Self::Unresolved => "the name of the host is not known",
            Self::Unreachable => "it cannot be reached",
            Self::EndedEarly => "the connection ended before the answer did",
            Self::NotHttp => "what answers does not speak HTTP/1",
        };
        text.to_owned()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::TimedOut,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::EndedEarly,
            io::ErrorKind::InvalidData => Self::NotHttp,
            _ => Self::Unreachable,
        }
    }
}

/// Asks once. Nothing here goes on after the deadline, but for the system's looking up a name.
pub(super) fn exchange(url: &Url, headers: &str, deadline: Instant) -> Result<Answer, Failure> {
    let mut stream = Timed {
        stream: connect(&url.host, deadline)?,
        deadline,
    };
    let (path, authority) = (&url.path, &url.authority);
    let version = env!("CARGO_PKG_VERSION");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {authority}\r\nuser-agent: health-probe/{version}\r\n\
         accept: application/json\r\nconnection: close\r\n{headers}\r\n"
    );
    // Who answers before having read it all, and hangs up, has answered.
    let sent = stream.write_all(request.as_bytes());
    match Answer::read(&mut BufReader::new(stream)) {
        Ok(answer) => Ok(answer),
        Err(_) if sent.is_err() => Err(sent.err().map_or(Failure::EndedEarly, Into::into)),
        Err(error) => Err(error.into()),
    }
}

fn connect(host: &Host, deadline: Instant) -> Result<TcpStream, Failure> {
    let addresses = match host {
        Host::Address(address) => vec![*address],
        Host::Name(name, port) => look_up(name.clone(), *port, deadline)?,
    };
    let mut failure = Failure::Unresolved;
    let count = addresses.len();
    for (number, address) in addresses.into_iter().enumerate() {
        // None may use up what the others need.
        let others = u32::try_from(count - number).unwrap_or(u32::MAX);
        match TcpStream::connect_timeout(&address, left(deadline)? / others) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error.into(),
        }
    }
    Err(failure)
}

/// The system cannot be told how long it may look, so that is left to a thread.
fn look_up(name: String, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
    let (sender, found) = mpsc::channel();
    let looking = thread::Builder::new().spawn(move || {
        let addresses = (name.as_str(), port).to_socket_addrs();
        // Nobody may wait any more.
        let _ = sender.send(addresses.map(Iterator::collect));
    });
    looking.map_err(|_| Failure::Unresolved)?;
    match found.recv_timeout(left(deadline)?) {
        Ok(addresses) => addresses.map_err(|_: io::Error| Failure::Unresolved),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Failure::TimedOut),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(Failure::Unresolved),
    }
}

/// What is left until then; nothing is an error.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// A stream with one deadline: a timeout of the stream itself would begin anew with each byte.
#[derive(Debug)]
struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl From<Invalid> for io::Error {
    fn from(_: Invalid) -> Self {
        io::ErrorKind::InvalidData.into()
    }
}
