//! Names of the DNS, over the resolver of the system or one of hickory-resolver.
//!
//! ```no_run
//! use health_core::HealthBuilder;
//! use health_indicators::dns;
//!
//! # fn shown() -> Result<(), health_core::BuildError> {
//! let health = HealthBuilder::empty()
//!     .check(dns::check("orders.internal").readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "hickory-resolver")]
mod hickory;
mod system;

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use health_core::{Check, Outcome};

use self::system::System;
use crate::budget::Budget;
use crate::failure::{Failure, NO_ADDRESSES};
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the resolver of the system for the addresses of a host, as in `orders.internal`.
///
/// ```no_run
/// use health_core::{Outcome, health_check};
/// use health_indicators::dns;
///
/// /// The name of the orders service resolves.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn orders() -> Outcome {
///     dns::ping("orders.internal").await
/// }
/// # fn main() {}
/// ```
///
/// See [`Dns`] for what it says.
pub async fn ping(name: &str) -> Outcome {
    look(&System, name, 1).await
}

/// A check of the name `dns`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(name: impl Into<String>) -> Check {
    Dns::new(name).check()
}

/// The addresses of a name.
///
/// | public message | when |
/// |---|---|
/// | `name not found` | the DNS knows no such name |
/// | `name has no addresses` | it knows the name, for something else |
/// | `resolves to 1 address, fewer than 2` | there are fewer than is asked for |
/// | `DNS servers fail or do not answer` | they say so of each other, none answers the system, or the system has none |
/// | `no answer within 1900 ms` | they, or the network to them, let one wait |
///
/// and over a resolver of hickory-resolver, which tells more:
///
/// | public message | when |
/// |---|---|
/// | `refused by the DNS server` | it does not answer such questions, or not to this client |
/// | `the DNS server reports an error` | it says anything else |
/// | `DNSSEC validation failed` | the answer is not signed as it has to be |
/// | `answer truncated` | the server cuts the answer short, also over TCP |
/// | `no connection`, or why there is none | nothing listens there, or the network fails |
/// | `unexpected answer` | something else than a DNS server answers |
///
/// Measured values: `addresses`, how many there are; `resolve_ms`; over a resolver of
/// hickory-resolver `valid_seconds`, for how long the resolver keeps the answer. The addresses
/// themselves are not told.
///
/// An IP address is a name that always resolves.
///
/// # The resolver of the system
///
/// It is `getaddrinfo` of the C library, which also reads the file of hosts, and may ask a cache on
/// the machine. It cannot be given up, and takes 10 s by default where no server answers: a thread
/// of the runtime waits for it. However often a name is asked for, one thread does, in the whole
/// process: who asks meanwhile waits for the same answer.
///
/// # A resolver of hickory-resolver
///
/// How often it asks which server for what is said by its own options. Its cache answers first, as it
/// does for the application. A server that is down is so noticed
/// when the answer has expired, which is when the application notices, too; see
/// [`with_fresh_answers`](Self::with_fresh_answers).
pub struct Dns {
    resolver: Box<dyn Resolves>,
    name: String,
    at_least: usize,
}

impl Dns {
    /// The addresses of `name` that the resolver of the system finds.
    pub fn new(name: impl Into<String>) -> Self {
        Self::of(System, name.into())
    }

    /// The addresses of `name` that `resolver` finds: a `TokioResolver`, or one over another
    /// runtime. Clones of a resolver share its cache.
    #[cfg(feature = "hickory-resolver")]
    #[cfg_attr(docsrs, doc(cfg(feature = "hickory-resolver")))]
    pub fn over<P>(resolver: hickory_resolver::Resolver<P>, name: impl Into<String>) -> Self
    where
        P: hickory_resolver::ConnectionProvider,
    {
        Self::of(hickory::Hickory::new(resolver), name.into())
    }

    fn of(resolver: impl Resolves + 'static, name: String) -> Self {
        Self {
            resolver: Box::new(resolver),
            name,
            at_least: 1,
        }
    }

    /// How many addresses there have to be. Default: 1.
    #[must_use]
    pub fn with_at_least(mut self, addresses: usize) -> Self {
        self.at_least = addresses;
        self
    }

    /// Whether each run asks the servers, and not the cache of the resolver. Default: false. The
    /// resolver then forgets what it knows of this name at each run, for the application, too; as
    /// long as the servers do not answer, neither has addresses that the cache would have had. The
    /// resolver of the system has no cache that could be passed over.
    #[must_use]
    pub fn with_fresh_answers(mut self, fresh: bool) -> Self {
        self.resolver.ask_servers(fresh);
        self
    }

    /// Asks for them.
    pub async fn ping(&self) -> Outcome {
        look(&*self.resolver, &self.name, self.at_least).await
    }

    /// A check of the name `dns`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("dns", TIMEOUT, self, async |dns| dns.ping().await)
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns")
            .field("at_least", &self.at_least)
            .finish_non_exhaustive()
    }
}

/// What knows the addresses of names.
trait Resolves: Send + Sync {
    fn addresses<'a>(&'a self, name: &'a str) -> Lookup<'a>;

    /// Whether to ask servers, whatever is known already.
    fn ask_servers(&mut self, fresh: bool) {
        let _no_cache = fresh;
    }
}

type Lookup<'a> = Pin<Box<dyn Future<Output = Result<Addresses, Failure>> + Send + 'a>>;

#[derive(Clone, Debug, Default)]
struct Addresses {
    /// In the order in which they are to be tried, each once.
    all: Vec<IpAddr>,
    valid_until: Option<Instant>,
}

/// The addresses that the resolver of the system finds, in the order in which they are to be tried.
#[cfg(any(feature = "tcp", feature = "tokio-rustls"))]
pub(crate) async fn addresses(name: &str) -> Result<Vec<IpAddr>, Failure> {
    System.addresses(name).await.map(|found| found.all)
}

impl Addresses {
    fn add(&mut self, address: IpAddr) {
        if !self.all.contains(&address) {
            self.all.push(address);
        }
    }
}

impl FromIterator<IpAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(all: I) -> Self {
        let mut addresses = Self::default();
        all.into_iter().for_each(|address| addresses.add(address));
        addresses
    }
}

async fn look(resolver: &dyn Resolves, name: &str, at_least: usize) -> Outcome {
    let mut measured = Measured::default();
    let found = resolve(resolver, name, &mut measured).await;
    let judged = found.and_then(|found| judged(found, at_least));
    measured.told(judged)
}

async fn resolve(
    resolver: &dyn Resolves,
    name: &str,
    measured: &mut Measured,
) -> Result<usize, Failure> {
    let step = Budget::begin(TIMEOUT).rest();
    let resolved = step.of(resolver.addresses(name)).await;
    let (found, took) = resolved.map_err(Failure::silent)?;
    measured.time("resolve_ms", took);
    let found = found?;
    measured.add("addresses", found.all.len());
    if let Some(until) = found.valid_until {
        let valid = until.saturating_duration_since(Instant::now());
        measured.add("valid_seconds", valid.as_secs());
    }
    Ok(found.all.len())
}

fn judged(addresses: usize, at_least: usize) -> Result<Outcome, Failure> {
    match addresses {
        enough if enough >= at_least => Ok(Outcome::healthy()),
        0 => Err(Failure::new(NO_ADDRESSES)),
        1 => Err(Failure::new(format!(
            "resolves to 1 address, fewer than {at_least}"
        ))),
        few => Err(Failure::new(format!(
            "resolves to {few} addresses, fewer than {at_least}"
        ))),
    }
}
