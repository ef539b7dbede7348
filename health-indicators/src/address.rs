//! `host:port`, and how a connection to it comes to be, a step at a time.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::budget::{Budget, Step};
use crate::dns;
use crate::failure::{Failure, spelled};
use crate::measured::Measured;

/// How many of a name's addresses are tried.
const TRIED: usize = 8;

/// Where something listens.
#[derive(Clone)]
pub(crate) struct Address {
    text: String,
}

impl Address {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The host, without the brackets of an IPv6 address, and the port.
    fn parts(&self) -> Result<(&str, u16), Failure> {
        let parts = self.text.rsplit_once(':');
        let (host, port) = parts
            .filter(|(host, _)| !host.is_empty())
            .and_then(|(host, port)| Some((host, port.parse().ok()?)))
            .ok_or_else(|| Failure::new("the address is not of the form host:port"))?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        Ok((bare.unwrap_or(host), port))
    }

    /// Resolves the name, and connects to the first of its addresses that accepts.
    pub(crate) async fn connect(
        &self,
        budget: Budget,
        more_follows: bool,
        measured: &mut Measured,
    ) -> Result<TcpStream, Failure> {
        let addresses = self.resolve(budget, measured).await?;
        let step = if more_follows {
            budget.first(None)
        } else {
            budget.rest()
        };
        let connecting = step.of(first_of(&addresses, step));
        let (stream, took) = connecting.await.map_err(Failure::not_connected)?;
        let stream = stream?;
        measured.time("connect_ms", took);
        Ok(stream)
    }

    async fn resolve(
        &self,
        budget: Budget,
        measured: &mut Measured,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let (host, port) = self.parts()?;
        let looked_up = budget.first(None).of(self.looked_up(host, port)).await;
        let (found, took) = looked_up.map_err(Failure::not_resolved)?;
        let found = found?;
        measured.time("resolve_ms", took);
        Ok(found)
    }

    async fn looked_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        if let Ok(address) = self.text.parse() {
            return Ok(vec![address]);
        }
        let found = dns::addresses(host).await?.into_iter().take(TRIED);
        Ok(found
            .map(|address| SocketAddr::new(address, port))
            .collect())
    }
}

/// Each address has an equal share of the time that is left, so that one which is silent does not
/// hide another that accepts.
async fn first_of(addresses: &[SocketAddr], step: Step) -> Result<TcpStream, Failure> {
    let mut why = Failure::new("name not found");
    let mut share = step;
    share.0 /= u32::try_from(addresses.len()).unwrap_or(1).max(1);
    for address in addresses {
        why = match share.of(TcpStream::connect(address)).await {
            Ok((Ok(stream), _)) => return Ok(stream),
            Ok((Err(error), _)) => Failure::of(error, "no connection"),
            Err(_) => Failure::because(
                format!("no connection within {}", spelled(step.0)),
                Error::from(ErrorKind::TimedOut),
            ),
        };
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_ports() {
        let host = |text: &str| {
            let address = Address::new(text);
            address
                .parts()
                .map(|(host, _)| host.to_owned())
                .map_err(|f| f.to_string())
        };
        assert_eq!(
            host("mail.example.org:25").as_deref(),
            Ok("mail.example.org")
        );
        assert_eq!(host("[::1]:25").as_deref(), Ok("::1"));
        for wrong in [
            "",
            "mail",
            ":25",
            "mail:",
            "mail:smtp",
            "mail:70000",
            "http://mail",
        ] {
            let words = "the address is not of the form host:port".to_owned();
            assert_eq!(host(wrong), Err(words), "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_address_that_refuses_does_not_hide_one_that_accepts() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };
        let both = [closed, open.local_addr().unwrap()];
        let step = Step(std::time::Duration::from_secs(2));
        assert!(first_of(&both, step).await.is_ok());
        let refused = first_of(&[closed], step).await.unwrap_err();
        assert_eq!(refused.to_string(), "connection refused");
    }
}
