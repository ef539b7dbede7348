use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use hickory_resolver::{ConnectionProvider, Resolver};

use super::{Addresses, Lookup, Resolves};
use crate::failure::{Failure, NO_ADDRESSES, NO_RESOLVER, NOT_FOUND, in_words};

pub(super) struct Hickory<P: ConnectionProvider> {
    resolver: Resolver<P>,
    asks_servers: bool,
}

impl<P: ConnectionProvider> Hickory<P> {
    pub(super) fn new(resolver: Resolver<P>) -> Self {
        Self {
            resolver,
            asks_servers: false,
        }
    }

    async fn found(&self, name: &str) -> Result<Addresses, NetError> {
        if self.asks_servers {
            for kind in [RecordType::A, RecordType::AAAA] {
                self.resolver.clear_lookup_cache(name, kind);
            }
        }
        let found = self.resolver.lookup_ip(name).await?;
        let literal = name.parse::<IpAddr>().is_ok();
        Ok(Addresses {
            valid_until: (!literal).then(|| found.valid_until()),
            ..found.iter().collect()
        })
    }
}

impl<P: ConnectionProvider> Resolves for Hickory<P> {
    fn addresses<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let began = Instant::now();
            let found = self.found(name).await;
            found.map_err(|error| failure(error, began.elapsed()))
        })
    }

    fn ask_servers(&mut self, fresh: bool) {
        self.asks_servers = fresh;
    }
}

/// The resolver has a limit of its own to the time that it takes.
fn failure(error: NetError, took: Duration) -> Failure {
    let words = match &error {
        NetError::Timeout => return Failure::silent(took),
        NetError::Dns(DnsError::NoRecordsFound(none)) => said(none.response_code),
        NetError::Dns(DnsError::ResponseCode(code)) => said(*code),
        NetError::Dns(DnsError::DnssecBogus) => "DNSSEC validation failed",
        NetError::Io(error) => in_words(&**error).unwrap_or("no connection"),
        // What it says of connections that end is told by texts alone.
        NetError::NoConnections | NetError::Message(_) | NetError::Msg(_) => "no connection",
        NetError::Truncated => "answer truncated",
        _ => "unexpected answer",
    };
    Failure::because(words, error)
}

/// What a server says by this code, having given no addresses.
fn said(code: ResponseCode) -> &'static str {
    match code {
        ResponseCode::NoError => NO_ADDRESSES,
        ResponseCode::NXDomain => NOT_FOUND,
        ResponseCode::ServFail => NO_RESOLVER,
        ResponseCode::Refused => "refused by the DNS server",
        _ => "the DNS server reports an error",
    }
}
