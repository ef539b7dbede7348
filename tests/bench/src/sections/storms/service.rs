//! A service over dependencies that are in our hand.

use std::env;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::Result;
use crate::server::Server;
use crate::servers::storm::{Endpoint, READINESS, Told};
use crate::storm::dependency::Dependency;
use crate::storm::{Crowd, get};

/// The longest timeout among the checks, and how long their results are kept.
pub(super) const TIMEOUT: Duration = Duration::from_millis(400);
pub(super) const CACHE: Duration = Duration::from_millis(500);

/// What is promised on top of the timeout.
pub(super) const MARGIN: Duration = Duration::from_millis(50);

const DEPENDENCIES: usize = 3;

/// How long a service may take to notice that a dependency froze, or thawed.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Service {
    server: Server,
    pub(super) dependencies: Vec<Dependency>,
}

/// What a service is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sort {
    pub(super) endpoint: Endpoint,
    pub(super) blocking: Option<usize>,
    pub(super) postgres: bool,
    pub(super) cache: Duration,
}

impl Sort {
    pub(super) const HEALTH: Self = Self {
        endpoint: Endpoint::Health,
        blocking: None,
        postgres: false,
        cache: CACHE,
    };
}

impl Service {
    pub(super) fn start(sort: Sort) -> Result<Self> {
        let dependencies = (0..DEPENDENCIES).map(|_| Dependency::start());
        let dependencies = dependencies.collect::<Result<Vec<_>>>()?;
        let told = Told {
            endpoint: sort.endpoint,
            dependencies: dependencies.iter().map(|one| one.address).collect(),
            blocking: sort.blocking,
            postgres: sort.postgres.then(postgres).flatten(),
            timeout_ms: milliseconds(TIMEOUT),
            cache_ms: milliseconds(sort.cache),
        };
        let told = serde_json::to_string(&told)?;
        Ok(Self {
            server: Server::start("storm", &["--told", &told])?,
            dependencies,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.server.id()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Where the management port is.
    pub(super) fn management(&self) -> Result<SocketAddr> {
        Ok(get(self.address(), "/management")?.1.parse()?)
    }

    /// So many who probe on the application's port.
    pub(super) fn crowd(&self, connections: usize) -> Crowd {
        Crowd {
            address: self.address(),
            path: READINESS.to_owned(),
            connections,
        }
    }

    /// Freezes these, thaws the rest, and waits until the service has noticed.
    pub(super) fn freeze(&self, frozen: usize) -> Result {
        let (first, rest) = self.dependencies.split_at(DEPENDENCIES - frozen);
        first.iter().for_each(|one| one.freeze(false));
        rest.iter().for_each(|one| one.freeze(true));
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if get(self.address(), READINESS)?.0 == status(frozen) {
                self.dependencies.iter().for_each(Dependency::forget);
                return Ok(());
            }
        }
        Err(format!("not {} within {PATIENCE:?}", status(frozen)).into())
    }
}

/// What readiness is while so many are frozen.
pub(super) fn status(frozen: usize) -> u16 {
    if frozen == 0 { 200 } else { 503 }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How to connect with PostgreSQL, where it is there: as the tests of the indicators find it.
pub(super) fn postgres() -> Option<String> {
    let address = env::var("HEALTH_TEST_POSTGRES").unwrap_or_else(|_| "127.0.0.1:5432".to_owned());
    TcpStream::connect(&address).ok()?;
    let (host, port) = address.rsplit_once(':')?;
    Some(format!(
        "host={host} port={port} user=postgres dbname=postgres"
    ))
}
