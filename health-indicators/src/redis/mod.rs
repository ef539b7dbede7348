//! Redis, Valkey and what else speaks their protocol, over a connection of redis or a pool of
//! deadpool-redis.
//!
//! ```no_run
//! # fn shown(manager: redis::aio::ConnectionManager) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::redis;
//!
//! let health = HealthBuilder::empty()
//!     .check(redis::check(manager).readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "redis-cluster")]
mod cluster;
#[cfg(feature = "deadpool-redis")]
mod deadpool;
mod manager;
mod multiplexed;
mod question;
mod why;
mod words;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use health_core::{Check, Outcome};
use redis::ConnectionAddr;
use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};

use self::question::Question;
use crate::budget::{Budget, Step};
use crate::failure::{Failure, NO_OTHER};
use crate::measured::Measured;
use crate::pool::PoolUse;
use crate::reached::{Held, Holds, Reached};
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// Has the server send back a text that was never sent before; a cluster is asked for its state.
///
/// `client` is a `redis::aio::ConnectionManager`, a `redis::aio::MultiplexedConnection`, a
/// `deadpool_redis::Pool` or a `redis::cluster_async::ClusterConnection`, or what dereferences to
/// one: `web::Data<Pool>`, `State<ConnectionManager>`, `Arc<ConnectionManager>`.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::redis;
///
/// /// The sessions can be read.
/// #[health_check(kind = "readiness", timeout_ms = 1000)]
/// async fn sessions(redis: State<::redis::aio::ConnectionManager>) -> Outcome {
///     redis::ping(&redis).await
/// }
/// ```
///
/// See [`Redis`] for what it says.
pub async fn ping<C, Via>(client: &C) -> Outcome
where
    C: Reached<Via, Client: Server>,
{
    look(client.client().known(), &Settings::default()).await
}

/// A check of the name `redis`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check<C, Via>(client: C) -> Check
where
    C: Reached<Via, Client: Server> + Send + Sync + 'static,
    Via: 'static,
{
    Redis::new(client).check()
}

/// A Redis server or cluster, as its clients reach it.
///
/// ```no_run
/// # async fn shown() -> redis::RedisResult<()> {
/// use health_indicators::redis::{Redis, Role};
///
/// let client = redis::Client::open("redis://sessions/")?;
/// let manager = redis::aio::ConnectionManager::new(client.clone()).await?;
/// let sessions = Redis::new(manager)
///     .with_client(&client)
///     .with_role(Role::Master)
///     .with_round_trip("shop:health:")
///     .check()
///     .with_name("sessions")
///     .readiness();
/// # Ok(())
/// # }
/// ```
///
/// | public message | when |
/// |---|---|
/// | `pool exhausted: 10 of 10 in use` | the application has all connections |
/// | `connection refused` and the like | nothing listens there, or the network fails |
/// | `no connection within 712 ms` | the client has none yet, or tries again and again to make one; those of a pool do not answer |
/// | `connected, but no answer within 500 ms` | it does not answer in the time that the client (500 ms where nothing else is said) or the run has |
/// | `connection closed by the server` | it closes each connection at once; one that has too many of them does so, and what it says of that is known with [`Redis::with_client`] alone |
/// | `connection closed by the server, and this client makes no other` | a `MultiplexedConnection` has lost its connection: it will fail until it is replaced |
/// | `credentials rejected`, `permission denied`, `too many connections at the server`, `the server is loading its data`, `the replica has lost its master`, `the server is busy with a script` | it says so |
/// | `the server is no master`, `the server is no replica` | with [`Redis::with_role`] |
/// | `the server is a read-only replica`, `the server has no memory left`, `the server cannot save its data`, `the server has too few replicas`, `what was written was not read` | with [`Redis::with_round_trip`] |
/// | `cluster is down: 5461 of 16384 slots not served` | a cluster says so; one that serves the other slots all the same is degraded |
/// | `unexpected answer` | something else than Redis answers, or the answer is to another question |
///
/// Measured values: `acquire_ms`, `query_ms`, `version`, `role`; of a pool `pool_in_use`,
/// `pool_idle` and `pool_max`; `version` and `role` are asked for in the same round trip by `HELLO`,
/// and left out where the server does not know that or the user may not; of a cluster `state`,
/// `slots_assigned`, `slots_ok`, `nodes` and `masters`.
///
/// A [`ConnectionManager`] makes a lost connection anew, at growing
/// intervals of up to several seconds. A run waits for that as long as it has time, and recovers
/// with the manager. A manager whose server rejects its credentials, or answers in another
/// protocol, as it connects anew, gives up for ever; that is what is then reported.
pub struct Redis {
    server: Box<dyn Server>,
    settings: Settings,
}

#[derive(Clone, Default)]
struct Settings {
    acquire_timeout: Option<Duration>,
    address: Option<ConnectionAddr>,
    role: Option<Role>,
    round_trip: Option<String>,
}

/// What a server is to the others that have the same data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It takes writes.
    Master,
    /// It repeats what its master does.
    Replica,
}

impl Redis {
    /// That which is reached through `client`; for its types see [`ping`].
    pub fn new<C, Via>(client: C) -> Self
    where
        C: Reached<Via, Client: Server> + Send + Sync + 'static,
        Via: 'static,
    {
        Self {
            server: Box::new(Held::new(client)),
            settings: Settings::default(),
        }
    }

    /// How long to wait for a connection of a pool or manager. Default, and at most: three quarters
    /// of the time that the run has.
    #[must_use]
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.settings.acquire_timeout = Some(timeout);
        self
    }

    /// The client of which a connection manager was made. While a manager tries to connect it tells
    /// nothing of why it cannot; with this, a run that has waited in vain connects for a moment
    /// itself, and says `connection refused`, `name not found` or `too many connections at the
    /// server`. Default: such a run says how long it has waited.
    #[must_use]
    pub fn with_client(mut self, client: &redis::Client) -> Self {
        self.settings.address = Some(client.get_connection_info().addr().clone());
        self
    }

    /// Fails if the server is in another role: after a failover, say, that the application has not
    /// noticed. A replica that has lost its master is degraded. Default: any role will do. The nodes
    /// of a cluster have different ones, so that there it counts for nothing.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.settings.role = Some(role);
        self
    }

    /// Also writes a key, reads it and deletes it, in the same round trip: only so do full memory, a
    /// full disk and a replica that takes no writes come to light. Default: nothing is written.
    ///
    /// The key is `prefix` and a text that no other run has; should its deletion be lost, it expires
    /// after 10 s. The user of the client needs the permission to write it.
    #[must_use]
    pub fn with_round_trip(mut self, prefix: impl Into<String>) -> Self {
        self.settings.round_trip = Some(prefix.into());
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        look(self.server.known(), &self.settings).await
    }

    /// A check of the name `redis`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("redis", TIMEOUT, self, async |server| server.ping().await)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("acquire_timeout", &self.settings.acquire_timeout)
            .field("role", &self.settings.role)
            .field("round_trip", &self.settings.round_trip.is_some())
            .finish_non_exhaustive()
    }
}

/// A client of Redis that this crate knows.
pub trait Server: Send + Sync + 'static {
    /// Which one it is; for this crate alone.
    #[doc(hidden)]
    fn known(&self) -> Known<'_>;
}

#[doc(hidden)]
pub struct Known<'a>(Client<'a>);

enum Client<'a> {
    Manager(&'a ConnectionManager),
    Multiplexed(&'a MultiplexedConnection),
    #[cfg(feature = "deadpool-redis")]
    Deadpool(&'a deadpool_redis::Pool),
    #[cfg(feature = "redis-cluster")]
    Cluster(&'a ::redis::cluster_async::ClusterConnection),
}

impl fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

/// Where connections come from.
trait Connects: Sync {
    type Session: Session;

    /// Whether a connection that was lost is made anew.
    const MAKES_ANOTHER: bool = true;

    /// A connection, and how long it took to get it.
    fn acquire(
        &self,
        step: Step,
    ) -> impl Future<Output = Result<(Self::Session, Duration), Failure>> + Send;

    fn pool_use(&self) -> Option<PoolUse> {
        None
    }
}

/// A connection. Dropped, it may have a question under way.
trait Session: Send {
    type Connection: ConnectionLike + Send;

    fn connection(&mut self) -> &mut Self::Connection;

    /// Nothing is under way any more.
    fn give_back(self);
}

async fn look(server: Known<'_>, settings: &Settings) -> Outcome {
    match server.0 {
        Client::Manager(manager) => measure(manager, settings).await,
        Client::Multiplexed(connection) => measure(connection, settings).await,
        #[cfg(feature = "deadpool-redis")]
        Client::Deadpool(pool) => measure(pool, settings).await,
        #[cfg(feature = "redis-cluster")]
        Client::Cluster(connection) => cluster::measure(connection, settings).await,
    }
}

async fn measure<S: Connects>(server: &S, settings: &Settings) -> Outcome {
    let mut measured = Measured::default();
    let found = ask(server, settings, &mut measured).await;
    if let Some(pool) = server.pool_use() {
        measured.pool(pool);
    }
    measured.told(found)
}

/// A connection that was lost while it was idle says nothing of the server: then the next one is
/// asked, once.
async fn ask<S: Connects>(
    server: &S,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    let budget = Budget::begin(TIMEOUT);
    let mut again = true;
    loop {
        let acquiring = server.acquire(budget.first(settings.acquire_timeout));
        let (mut session, took) = match acquiring.await {
            Ok(acquired) => acquired,
            Err(failure) => return Err(explained(failure, settings).await),
        };
        measured.time("acquire_ms", took);
        let question = Question::new(settings);
        let asked = budget.rest().of(question.ask(session.connection())).await;
        let (answers, took) = asked.map_err(Failure::no_answer)?;
        measured.time("query_ms", took);
        let error = match answers {
            Ok(answers) => {
                session.give_back();
                return question.judge(answers, measured);
            }
            Err(error) => error,
        };
        match words::unanswered(error.clone(), took) {
            lost if lost.is_closed() && !S::MAKES_ANOTHER => {
                return Err(Failure::because(NO_OTHER, error));
            }
            lost if lost.is_closed() && again => again = false,
            failure => return Err(failure),
        }
    }
}

async fn explained(failure: Failure, settings: &Settings) -> Failure {
    match &settings.address {
        Some(address) => why::why_none(address).await.unwrap_or(failure),
        None => failure,
    }
}

impl<C, Via> Server for Held<C, Via>
where
    C: Reached<Via, Client: Server> + Send + Sync + 'static,
    Via: 'static,
{
    fn known(&self) -> Known<'_> {
        self.client().known()
    }
}
