//! The steps of a run: to resolve the host, to connect, to agree on keys, to part.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConnection, ProtocolVersion};

use super::{TIMEOUT, Tls, words};
use crate::budget::{Budget, Step};
use crate::failure::{Failure, NO_ADDRESSES};
use crate::measured::Measured;
use crate::{certificate, dns};

/// How many days are left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Certificates {
    /// Of the certificate of the server.
    pub(super) own: i64,
    /// Of that which expires first, of all that it sends.
    pub(super) first: i64,
}

/// How many addresses are tried at most: with more, none would have the time to answer.
const TRIED: usize = 8;

/// How long to wait for what a server may still say when all is done.
const FAREWELL: Duration = Duration::from_millis(250);

impl Tls {
    pub(super) async fn handshake(&self, measured: &mut Measured) -> Result<Certificates, Failure> {
        let budget = Budget::begin(TIMEOUT);
        let name = self.name()?;
        let addresses = self.resolve(half(&budget), measured).await?;
        let stream = self.connect(&addresses, half(&budget), measured).await?;
        let mut stream = self.agree(name, stream, budget.rest(), measured).await?;
        let found = self.look(stream.get_ref().1, measured);
        let farewell = Step(budget.rest().0.min(FAREWELL));
        let parted = farewell.of(part(&mut stream)).await;
        let _closed = stream.get_mut().0.shutdown().await;
        match parted {
            Ok((Err(refused), _)) => Err(refused),
            _ => found,
        }
    }

    fn name(&self) -> Result<ServerName<'static>, Failure> {
        let name = self.server_name.as_ref().unwrap_or(&self.host);
        let invalid = |error| Failure::because("no valid server name", error);
        ServerName::try_from(name.clone()).map_err(invalid)
    }

    async fn resolve(&self, step: Step, measured: &mut Measured) -> Result<Vec<IpAddr>, Failure> {
        let resolving = step.of(dns::addresses(&self.host)).await;
        let (addresses, took) = resolving.map_err(Failure::not_resolved)?;
        measured.time("resolve_ms", took);
        addresses
    }

    /// With the first address that can be connected with; those that are tried share the time.
    async fn connect(
        &self,
        addresses: &[IpAddr],
        step: Step,
        measured: &mut Measured,
    ) -> Result<TcpStream, Failure> {
        let mut failure = Failure::new(NO_ADDRESSES);
        let tried = addresses.len().min(TRIED);
        let share = step.0 / tried.max(1) as u32;
        for address in &addresses[..tried] {
            let address = SocketAddr::new(*address, self.port);
            match Step(share).of(TcpStream::connect(address)).await {
                Ok((Ok(stream), took)) => {
                    measured.time("connect_ms", took);
                    return Ok(stream);
                }
                Ok((Err(error), _)) => failure = Failure::of(error, "no connection"),
                Err(within) => failure = Failure::not_connected(within),
            }
        }
        Err(failure)
    }

    async fn agree(
        &self,
        name: ServerName<'static>,
        stream: TcpStream,
        step: Step,
        measured: &mut Measured,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let agreeing = step.of(connector.connect(name, stream)).await;
        let (agreed, took) = agreeing.map_err(Failure::no_answer)?;
        measured.time("handshake_ms", took);
        agreed.map_err(|error| {
            let (failure, days) = words::failure(error);
            if let Some(days) = days {
                measured.add("certificate_days", days);
            }
            failure
        })
    }

    fn look(
        &self,
        session: &ClientConnection,
        measured: &mut Measured,
    ) -> Result<Certificates, Failure> {
        if let Some(version) = session.protocol_version().and_then(version) {
            measured.add("tls_version", version);
        }
        let now = self.config.time_provider.current_time();
        let sent = session.peer_certificates().unwrap_or_default();
        let now = now.ok_or_else(|| Failure::new("certificate not understood"))?;
        let days = days(now, sent)?;
        measured.add("certificate_days", days.own);
        measured.add("chain_days", days.first);
        Ok(days)
    }
}

/// A first step and a second leave as much to the last as they have had in all.
fn half(budget: &Budget) -> Step {
    budget.first(Some(budget.rest().0 / 2))
}

fn days(now: UnixTime, sent: &[CertificateDer<'_>]) -> Result<Certificates, Failure> {
    let mut all = sent.iter().map(|sent| certificate::not_after(sent));
    let own = all.next().ok_or_else(|| Failure::new("no certificate"))??;
    let first = all.flatten().fold(own, i64::min);
    Ok(Certificates {
        own: certificate::days(now.as_secs(), own),
        first: certificate::days(now.as_secs(), first),
    })
}

fn version(version: ProtocolVersion) -> Option<&'static str> {
    match version {
        ProtocolVersion::TLSv1_2 => Some("1.2"),
        ProtocolVersion::TLSv1_3 => Some("1.3"),
        _ => None,
    }
}

/// Says that nothing more will come, and waits until the server has read all: in TLS 1.3 it can
/// refuse a client only after that believes to be connected. What is in between may take a half that
/// is closed for the whole, so that comes last.
async fn part(stream: &mut TlsStream<TcpStream>) -> Result<(), Failure> {
    stream.get_mut().1.send_close_notify();
    let _sent = stream.flush().await;
    let mut ignored = [0; 1024];
    loop {
        match stream.read(&mut ignored).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => return words::refusal(error).map_or(Ok(()), Err),
        }
    }
}
