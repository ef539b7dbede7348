//! The socket that systemd reads. It is our own, and only what is said is the crate sd-notify's: that
//! one (0.5) waits where systemd does not read, and knows no abstract names.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where systemd reads.
#[derive(Clone, Debug)]
pub(super) struct Address(SocketAddr);

impl Address {
    pub(super) fn parse(name: &OsStr) -> io::Result<Self> {
        let address = match name.as_bytes() {
            [b'/', ..] => SocketAddr::from_pathname(name),
            [b'@', rest @ ..] => named(rest),
            _ => Err(io::ErrorKind::Unsupported.into()),
        };
        let understood = "a path that begins with `/`, or `@` and an abstract name";
        address
            .map(Self)
            .map_err(|_| invalid("NOTIFY_SOCKET", name, understood))
    }
}

#[cfg(target_os = "linux")]
fn named(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn named(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sends without ever waiting. Not connected, so that who listens may be another one later.
#[derive(Debug)]
pub(super) struct Socket {
    socket: UnixDatagram,
    address: Address,
}

impl Socket {
    pub(super) fn new(address: &Address) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            address: address.clone(),
        })
    }

    /// Sends one datagram, or fails at once. A datagram is taken whole, or not.
    pub(super) fn send(&self, text: &str) -> io::Result<()> {
        let sent = self.socket.send_to_addr(text.as_bytes(), &self.address.0);
        sent.map(drop)
    }
}

pub(super) fn invalid(name: &str, value: &OsStr, what: &str) -> io::Error {
    let value = value.to_string_lossy();
    let message = format!("{name} is `{value}`, but has to be {what}");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
