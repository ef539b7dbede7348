//! One connection to a server that answers in lines, kept from run to run.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::sync::{Mutex, MutexGuard};

use crate::failure::{CLOSED, Failure};

/// The place of the connection. Whoever asks at the same time waits.
#[derive(Debug)]
pub(crate) struct Kept {
    address: String,
    connection: Mutex<Option<Lines>>,
}

impl Kept {
    /// To `host:port`; nothing is connected yet.
    pub(crate) fn new(address: String) -> Self {
        Self {
            address,
            connection: Mutex::new(None),
        }
    }

    /// Waits until nobody else asks.
    pub(crate) async fn alone(&self) -> Alone<'_> {
        Alone {
            address: &self.address,
            place: self.connection.lock().await,
        }
    }
}

/// The place of the connection, as long as nobody else asks.
pub(crate) struct Alone<'a> {
    address: &'a str,
    place: MutexGuard<'a, Option<Lines>>,
}

impl Alone<'_> {
    /// The connection of the run before, if it is still silent and open; else a new one. It is
    /// dropped, unless it is [put back](Self::put_back): what has come of a run that was given up
    /// must not be taken for the answer to the next.
    pub(crate) async fn connection(&mut self) -> io::Result<Lines> {
        match self.place.take().filter(Lines::is_idle) {
            Some(kept) => Ok(kept),
            None => Lines::connect(self.address).await,
        }
    }

    /// Keeps a connection for the next run: all of its answers were read.
    pub(crate) fn put_back(mut self, connection: Lines) {
        *self.place = Some(Lines {
            is_new: false,
            ..connection
        });
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Lines {
    stream: BufReader<TcpStream>,
    is_new: bool,
}

impl Lines {
    pub(crate) async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(LONGEST, stream),
            is_new: true,
        })
    }

    /// Whether it was made for this run: then the server itself is to blame for what it does.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether there is nothing to read, not even its end.
    fn is_idle(&self) -> bool {
        let waits = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
        let read = self.stream.get_ref().try_read(&mut [0]);
        self.stream.buffer().is_empty() && read.as_ref().is_err_and(waits)
    }

    /// Writes all of it.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.stream.write_all(bytes).await;
        written.map_err(|error| lost(error, self.is_new))
    }

    /// The next line, without its end. One that is longer than [`LONGEST`] is no answer that anyone
    /// understands, and may have no end at all.
    pub(crate) async fn line(&mut self) -> Result<String, Failure> {
        let mut line = Vec::new();
        loop {
            let is_new = self.is_new;
            let read = match self.stream.fill_buf().await {
                Ok([]) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                read => read,
            };
            let read = read.map_err(|error| lost(error, is_new))?;
            let end = read.iter().position(|byte| *byte == b'\n');
            line.extend_from_slice(&read[..end.unwrap_or(read.len())]);
            let used = end.map_or(read.len(), |end| end + 1);
            self.stream.consume(used);
            if line.len() > LONGEST {
                return Err(Failure::new("unexpected answer"));
            }
            if end.is_some() {
                return Ok(String::from_utf8_lossy(&line)
                    .trim_end_matches('\r')
                    .to_owned());
            }
        }
    }
}

/// One that was kept may also have lost the runtime that it was made in.
fn lost(error: io::Error, is_new: bool) -> Failure {
    match is_new {
        true => Failure::of(error, "connection lost"),
        false => Failure::because(CLOSED, error),
    }
}

/// How many bytes a line may have.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::net::TcpListener;

    use super::*;

    /// Answers whoever connects with these bytes, over and over until they are gone.
    async fn serve(bytes: &'static [u8], times: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            for _ in 0..times {
                if client.write_all(bytes).await.is_err() {
                    return;
                }
            }
        });
        address
    }

    async fn read(bytes: &'static [u8], times: usize) -> Result<String, String> {
        let address = serve(bytes, times).await;
        let mut lines = Lines::connect(address).await.unwrap();
        lines.line().await.map_err(|failure| failure.to_string())
    }

    #[tokio::test]
    async fn lines_have_an_end_or_are_no_answer() {
        assert_eq!(read(b"OK\r\nmore", 1).await.as_deref(), Ok("OK"));
        assert_eq!(read(b"OK\n", 1).await.as_deref(), Ok("OK"));
        assert_eq!(read(b"\xff\r\n", 1).await.as_deref(), Ok("\u{fffd}"));
        let endless = read(&[b'x'; 100], usize::MAX).await;
        assert_eq!(endless, Err("unexpected answer".to_owned()));
        for cut in [&b""[..], b"OK"] {
            let closed = read(cut, 1).await;
            assert_eq!(closed, Err("connection closed by the server".to_owned()));
        }
    }

    #[tokio::test]
    async fn what_came_between_two_runs_is_never_an_answer() {
        let address = serve(b"OK\r\nOK\r\n", 1).await;
        let kept = Kept::new(address.to_string());
        let mut alone = kept.alone().await;
        let mut lines = alone.connection().await.unwrap();
        assert!(lines.is_new());
        assert_eq!(lines.line().await.unwrap(), "OK");
        assert!(!lines.is_idle());
        alone.put_back(lines);
        let again = kept.alone().await.connection().await;
        assert!(again.map_or(true, |lines| lines.is_new()));
    }
}
