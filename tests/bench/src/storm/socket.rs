//! A connection of which the kernel says when an answer arrived, however late it is read.

use std::io::{self, ErrorKind, IoSliceMut, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nix::cmsg_space;
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;

use crate::Result;
use crate::load::whole;

#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
    asked: Option<(Instant, SystemTime)>,
    closed: bool,
}

/// What reading has brought.
pub(super) enum Read {
    Nothing,
    Answer {
        status: u16,
        client: Duration,
        server: Duration,
    },
    /// The other side has closed the connection; whether an answer was waited for.
    Closed(bool),
}

impl Socket {
    /// Begins to connect; [`Self::is_open`] tells when that is done.
    pub(super) fn connect(address: SocketAddr, registry: &Registry, token: Token) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        setsockopt(&stream, ReceiveTimestampns, &true)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            received: Vec::new(),
            asked: None,
            closed: false,
        })
    }

    /// Whether it is connected. From then on it is looked at only if there is something to read.
    pub(super) fn is_open(&mut self, registry: &Registry, token: Token) -> Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error.into());
        }
        match self.stream.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(false),
            other => other?,
        };
        self.stream.set_nodelay(true)?;
        registry.reregister(&mut self.stream, token, Interest::READABLE)?;
        Ok(true)
    }

    pub(super) fn waits(&self) -> bool {
        self.asked.is_some()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether it could be asked: not if the other side has closed the connection.
    pub(super) fn ask(&mut self, request: &[u8]) -> bool {
        self.received.clear();
        self.asked = Some((Instant::now(), SystemTime::now()));
        // A request is small, and the one before was read: it fits.
        if self.stream.write_all(request).is_err() {
            self.close();
        }
        self.waits()
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<Read> {
        loop {
            let arrived = match self.receive(buffer) {
                Ok((0, _)) => return Ok(self.close()),
                Ok((length, arrived)) => {
                    self.received.extend_from_slice(&buffer[..length]);
                    arrived
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Read::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return Ok(self.close());
                }
                Err(error) => return Err(error.into()),
            };
            if let (Some(status), Some((asked, at))) = (whole(&self.received)?, self.asked) {
                self.asked = None;
                let client = asked.elapsed();
                let server = arrived.and_then(|arrived| arrived.duration_since(at).ok());
                return Ok(Read::Answer {
                    status,
                    client,
                    server: server.unwrap_or(client),
                });
            }
        }
    }

    fn close(&mut self) -> Read {
        self.closed = true;
        Read::Closed(self.asked.take().is_some())
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Option<SystemTime>)> {
        let mut control = cmsg_space!(TimeSpec);
        let mut parts = [IoSliceMut::new(buffer)];
        let descriptor = self.stream.as_raw_fd();
        let message = recvmsg::<()>(
            descriptor,
            &mut parts,
            Some(&mut control),
            MsgFlags::empty(),
        )?;
        let arrived = message.cmsgs()?.find_map(|part| match part {
            ControlMessageOwned::ScmTimestampns(at) => {
                Some(SystemTime::UNIX_EPOCH + Duration::from(at))
            }
            _ => None,
        });
        Ok((message.bytes, arrived))
    }
}
