//! Who asks: the address of the client, whatever stands between.

use std::fmt;
use std::iter;
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR};
use health_core::Mistake;

use super::forwarded::{forwarded, x_forwarded_for};
use super::network::{Network, parse_all};

/// The proxies that are believed when they tell for whom they ask.
#[derive(Clone, Default)]
pub(super) struct Proxies(Arc<Vec<Network>>);

impl Proxies {
    /// Adds those in these networks.
    pub(super) fn add(
        &mut self,
        networks: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Vec<Mistake> {
        let (networks, mut mistakes) = parse_all(networks);
        for network in networks {
            if network.is_everything() {
                mistakes.push(believes_everyone(network));
            } else {
                Arc::make_mut(&mut self.0).push(network);
            }
        }
        mistakes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address of the client; `None` if it cannot be told.
    pub(super) fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        if !self.trust(peer) {
            return Some(peer);
        }
        let headers = request.headers();
        let (forwarded, others) = (lines(headers, FORWARDED), lines(headers, X_FORWARDED_FOR));
        client(peer, &forwarded, &others, |address| self.trust(address))
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// The address of the client of whom a trusted peer speaks, from the lines of `Forwarded` and of
/// `X-Forwarded-For`, in their order; `None` if it cannot be told.
///
/// Where a header comes in both kinds, a proxy may have written the one and let the other pass as
/// the client sent it: which, nobody knows, so both must tell the same.
pub(crate) fn client(
    peer: IpAddr,
    of_forwarded: &[&[u8]],
    of_x_forwarded_for: &[&[u8]],
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let by_forwarded = of_forwarded.iter().rev().flat_map(|line| forwarded(line));
    let lines = of_x_forwarded_for.iter().rev();
    let by_x_forwarded_for = lines.flat_map(|line| x_forwarded_for(line));
    let by_forwarded = first_untrusted(peer, by_forwarded, &is_trusted);
    let by_x_forwarded_for = first_untrusted(peer, by_x_forwarded_for, &is_trusted);
    match (of_forwarded.is_empty(), of_x_forwarded_for.is_empty()) {
        (_, true) => by_forwarded,
        (true, false) => by_x_forwarded_for,
        (false, false) => by_forwarded.filter(|_| by_forwarded == by_x_forwarded_for),
    }
}

/// From the peer on, each tells who asked it, and is believed as long as it is trusted. What tells
/// nothing ends this without an answer; where all are trusted, the first one asked by itself.
fn first_untrusted(
    peer: IpAddr,
    hops: impl Iterator<Item = Option<IpAddr>>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut client = peer;
    for hop in iter::once(Some(peer)).chain(hops) {
        client = hop?;
        if !is_trusted(client) {
            break;
        }
    }
    Some(client)
}

fn lines(headers: &HeaderMap, name: HeaderName) -> Vec<&[u8]> {
    let lines = headers.get_all(name);
    lines.map(HeaderValue::as_bytes).collect()
}

fn believes_everyone(network: Network) -> Mistake {
    Mistake::new(format!(
        "behind `{network:?}` everyone may claim to be anyone: name the networks of the proxies \
         alone"
    ))
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
