//! The servers that a readiness asks.

use std::env;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::Result;
use crate::server::Server;

/// PostgreSQL and Redis, which the machine runs, and an HTTP server of ours.
pub(crate) struct Dependencies {
    postgres: SocketAddr,
    redis: SocketAddr,
    http: Server,
}

impl Dependencies {
    /// Where they are, or why that is not so: an error only where all have to be there.
    pub(crate) fn find() -> Result<Result<Self, String>> {
        let postgres = address("PostgreSQL", "HEALTH_TEST_POSTGRES", "127.0.0.1:5432");
        let redis = address("Redis", "HEALTH_TEST_REDIS", "127.0.0.1:6379");
        match (postgres, redis) {
            (Ok(postgres), Ok(redis)) => Ok(Ok(Self {
                postgres,
                redis,
                http: Server::start("static", &["--spread"])?,
            })),
            (Err(why), _) | (_, Err(why)) => skipped(why).map(Err),
        }
    }

    /// What tells a server of them.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("HEALTH_BENCH_POSTGRES", self.postgres.to_string()),
            ("HEALTH_BENCH_REDIS", self.redis.to_string()),
            ("HEALTH_BENCH_HTTP", self.http.address.to_string()),
        ]
    }
}

/// Gives the reason back, unless nothing may be left out here.
pub(crate) fn skipped(why: String) -> Result<String> {
    if env::var("HEALTH_TEST_SERVICES").is_ok_and(|value| value == "required") {
        return Err(format!("not to be skipped: {why}").into());
    }
    Ok(why)
}

fn address(name: &str, variable: &str, usual: &str) -> Result<SocketAddr, String> {
    let address = env::var(variable).unwrap_or_else(|_| usual.to_owned());
    let found = address
        .to_socket_addrs()
        .ok()
        .and_then(|mut all| all.next());
    let listens = |at: &SocketAddr| TcpStream::connect_timeout(at, Duration::from_secs(2)).is_ok();
    found.filter(listens).ok_or_else(|| {
        format!("{name}: nothing listens at {address}; {variable} names another address")
    })
}
