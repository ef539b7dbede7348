//! PostgreSQL, over a pool of sqlx or deadpool-postgres or a client of tokio-postgres.
//!
//! ```no_run
//! # #[cfg(feature = "sqlx-postgres")]
//! # fn shown(pool: sqlx::PgPool) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::postgres;
//!
//! let health = HealthBuilder::empty()
//!     .check(postgres::check(pool).readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "deadpool-postgres")]
mod deadpool;
mod role;
#[cfg(feature = "sqlx-postgres")]
mod sqlx;
#[cfg(feature = "tokio-postgres")]
mod tokio_postgres;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use health_core::{Check, Outcome};
use tokio::time::sleep;

use self::role::{Found, QUESTION, Role};
use crate::budget::{Budget, Step};
use crate::failure::Failure;
use crate::measured::Measured;
use crate::pool::PoolUse;
use crate::reached::{Held, Holds, Reached};
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the server for the least that it can answer.
///
/// `pool` is a `sqlx::PgPool`, a `deadpool_postgres::Pool` or a `tokio_postgres::Client`, or what
/// dereferences to one: `web::Data<PgPool>`, `State<PgPool>`, `Arc<Client>`.
///
/// ```no_run
/// # #[cfg(feature = "sqlx-postgres")]
/// # mod shown {
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::postgres;
///
/// /// The orders database answers.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn orders(pool: State<sqlx::PgPool>) -> Outcome {
///     postgres::ping(&pool).await
/// }
/// # }
/// ```
///
/// See [`Postgres`] for what it says.
pub async fn ping<P, Via>(pool: &P) -> Outcome
where
    P: Reached<Via, Client: Server>,
{
    look(pool.client().known(), &Settings::default()).await
}

/// A check of the name `postgres`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check<P, Via>(pool: P) -> Check
where
    P: Reached<Via, Client: Server> + Send + Sync + 'static,
    Via: 'static,
{
    Postgres::new(pool).check()
}

/// A PostgreSQL server, as its clients reach it.
///
/// | public message | when |
/// |---|---|
/// | `pool exhausted: 10 of 10 in use` | the application has all connections |
/// | `connection refused` and the like | nothing listens there, or the network fails |
/// | `no connection within 1425 ms` | the server, or what is in front of it, lets one wait |
/// | `connected, but no answer within 475 ms` | it does not answer on a connection |
/// | `credentials rejected`, `no such database`, `too many connections at the server`, `the server is starting or stopping` | it says so |
/// | `connection closed by the server` | it closes each connection at once |
/// | `connection closed by the server, and this client makes no other` | a `tokio_postgres::Client` has lost its only connection: it will fail until it is replaced |
/// | `unexpected answer` | something else than PostgreSQL answers |
/// | `expected a primary, found a replica`, `expected a replica, found a primary` | it has changed its role, or the address leads to another |
/// | `replica is 42 s behind, more than 10 s allowed` | it has not replayed yet what is so old |
/// | `replica receives nothing from its primary, and its last change is 42 s old, more than 10 s allowed` | replication is broken, and what was replayed last is so old |
///
/// Measured values: `acquire_ms`, `query_ms`, `version`, and of a pool `pool_in_use`, `pool_idle`
/// and `pool_max`; with a role `role`, which is `primary` or `replica`, and of a replica
/// `lag_seconds` and `receives`, whether it is connected with its primary.
///
/// A run makes no connection, or one if the pool has none that is idle. But sqlx by itself tries
/// again and again while a server refuses connections, starts, or has too many of them.
///
/// A `tokio_postgres::Client` has one connection and never gets another. Once that is closed, the
/// check fails until the application has made another client: use a pool where the check is to
/// recover by itself, or [`ping`] whichever client is the present one.
///
/// ```no_run
/// # #[cfg(feature = "sqlx-postgres")]
/// # fn shown(orders: sqlx::PgPool, reports: sqlx::PgPool) -> Result<(), health_core::BuildError> {
/// use std::time::Duration;
///
/// use health_core::HealthBuilder;
/// use health_indicators::postgres::Postgres;
///
/// let reports = Postgres::new(reports).with_replica(Duration::from_secs(10));
/// let health = HealthBuilder::empty()
///     .check(Postgres::new(orders).with_primary().check().readiness())
///     .check(reports.check().with_name("reports").readiness())
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct Postgres {
    server: Box<dyn Server>,
    settings: Settings,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    acquire_timeout: Option<Duration>,
    role: Option<Role>,
}

impl Postgres {
    /// That which is reached through `pool`; for its types see [`ping`].
    pub fn new<P, Via>(pool: P) -> Self
    where
        P: Reached<Via, Client: Server> + Send + Sync + 'static,
        Via: 'static,
    {
        Self {
            server: Box::new(Held::new(pool)),
            settings: Settings::default(),
        }
    }

    /// How long to wait for a connection of the pool. Default, and at most: three quarters of the
    /// time that the run has.
    #[must_use]
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.settings.acquire_timeout = Some(timeout);
        self
    }

    /// It has to be a primary, which accepts changes: after a failover an address may lead to what
    /// has become a replica. Default: either will do.
    #[must_use]
    pub fn with_primary(mut self) -> Self {
        self.settings.role = Some(Role::Primary);
        self
    }

    /// It has to be a replica, and at most so far behind. Default: either will do.
    ///
    /// The lag is the age of the last transaction that was replayed, unless all that was received is
    /// replayed: then there is none, however long the primary has been idle. A replica that is no
    /// longer connected with its primary cannot know that; its lag is always that age.
    ///
    /// That a primary fell silent without closing the connection is noticed only after the replica's
    /// own `wal_receiver_timeout`, 60 s by default. Where a replica is fed by files instead of by a
    /// connection, an idle primary passes for lag. PostgreSQL 10 or later.
    #[must_use]
    pub fn with_replica(mut self, max_lag: Duration) -> Self {
        self.settings.role = Some(Role::Replica(max_lag));
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        look(self.server.known(), &self.settings).await
    }

    /// A check of the name `postgres`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("postgres", TIMEOUT, self, async |server| {
            server.ping().await
        })
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A client of PostgreSQL that this crate knows.
pub trait Server: Send + Sync + 'static {
    /// Which one it is; for this crate alone.
    #[doc(hidden)]
    fn known(&self) -> Known<'_>;
}

#[doc(hidden)]
pub struct Known<'a>(Client<'a>);

enum Client<'a> {
    #[cfg(feature = "sqlx-postgres")]
    Sqlx(&'a ::sqlx::PgPool),
    #[cfg(feature = "deadpool-postgres")]
    Deadpool(&'a deadpool_postgres::Pool),
    #[cfg(feature = "tokio-postgres")]
    Tokio(&'a ::tokio_postgres::Client),
}

impl fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

/// Where connections come from.
trait Connects: Sync {
    type Session<'a>: Session
    where
        Self: 'a;

    /// A connection, and how long it took to get it.
    fn acquire(
        &self,
        step: Step,
    ) -> impl Future<Output = Result<(Self::Session<'_>, Duration), Failure>> + Send;

    fn pool_use(&self) -> Option<PoolUse>;
}

/// A connection. Dropped, it may have a query under way.
trait Session: Send {
    /// The least that a server has to answer; with its version, where that is known.
    fn ping(&mut self) -> impl Future<Output = Result<Option<String>, Failure>> + Send;

    /// The first row of the answer; empty, if it has none.
    fn row(&mut self, question: &'static str) -> impl Future<Output = Result<Row, Failure>> + Send;

    /// Nothing is under way any more.
    fn give_back(self);
}

/// The columns of one, as text.
type Row = Vec<Option<String>>;

async fn look(server: Known<'_>, settings: &Settings) -> Outcome {
    match server.0 {
        #[cfg(feature = "sqlx-postgres")]
        Client::Sqlx(pool) => measure(pool, settings).await,
        #[cfg(feature = "deadpool-postgres")]
        Client::Deadpool(pool) => measure(pool, settings).await,
        #[cfg(feature = "tokio-postgres")]
        Client::Tokio(client) => measure(client, settings).await,
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

/// A connection that was closed while it was idle says nothing of the server: then the next one is
/// asked.
async fn ask<S: Connects>(
    server: &S,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    let budget = Budget::begin(TIMEOUT);
    let mut idle = server.pool_use().map_or(0, |pool| pool.idle);
    loop {
        let acquiring = server.acquire(budget.first(settings.acquire_timeout));
        let (mut session, took) = acquiring.await?;
        measured.time("acquire_ms", took);
        let asked = budget.rest().of(asked(&mut session, settings.role)).await;
        let (answer, took) = asked.map_err(Failure::no_answer)?;
        measured.time("query_ms", took);
        match answer {
            Err(failure) if failure.is_closed() && idle > 0 => idle -= 1,
            answer => {
                let (version, found) = answer?;
                if let Some(pool) = server.pool_use() {
                    measured.pool(pool.with_one_given_back());
                }
                session.give_back();
                if let Some(version) = version {
                    measured.version(version);
                }
                return settings.judge(found, measured);
            }
        }
    }
}

/// The version, as far as it is known, and what it is, if that matters.
async fn asked<S: Session>(
    session: &mut S,
    role: Option<Role>,
) -> Result<(Option<String>, Option<Found>), Failure> {
    let Some(role) = role else {
        return Ok((session.ping().await?, None));
    };
    let mut found = Found::read(&session.row(QUESTION).await?)?;
    if role.judge(&found).is_err() && role.may_change(&found) {
        sleep(A_MOMENT).await;
        found = Found::read(&session.row(QUESTION).await?)?;
    }
    Ok((found.version.clone(), Some(found)))
}

/// How long a replica may take to replay what it has just received.
const A_MOMENT: Duration = Duration::from_millis(100);

impl Settings {
    fn judge(&self, found: Option<Found>, measured: &mut Measured) -> Result<Outcome, Failure> {
        if let (Some(role), Some(found)) = (self.role, found) {
            found.measure(measured);
            role.judge(&found)?;
        }
        Ok(Outcome::healthy())
    }
}

/// The version in 15.19 (Debian 15.19-0+deb12u1).
fn version_alone(spelled: &str) -> Option<&str> {
    spelled.split(' ').next()
}

/// What a server says by this SQLSTATE that it does not want.
fn in_words(code: &str) -> &'static str {
    match code {
        "28000" | "28P01" => "credentials rejected",
        "3D000" => "no such database",
        "42501" => "permission denied",
        "53300" => "too many connections at the server",
        "57P01" | "57P02" | "57P03" => "the server is starting or stopping",
        _ => "the server reports an error",
    }
}

impl<P, Via> Server for Held<P, Via>
where
    P: Reached<Via, Client: Server> + Send + Sync + 'static,
    Via: 'static,
{
    fn known(&self) -> Known<'_> {
        self.client().known()
    }
}
