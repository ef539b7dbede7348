//! MySQL and MariaDB, over a pool of sqlx.
//!
//! ```no_run
//! # fn shown(pool: sqlx::MySqlPool) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::mysql;
//!
//! let health = HealthBuilder::empty()
//!     .check(mysql::check(pool).readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use health_core::{Check, Outcome};
use sqlx::mysql::MySqlDatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::{Error, MySql, MySqlConnection, MySqlPool};

use crate::budget::Budget;
use crate::failure::Failure;
use crate::measured::Measured;
use crate::ready_made;
use crate::sqlx::{Backend, Row, acquire, first_row, pool_use};

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the server for its version.
///
/// A proxy between may answer the ping of the protocol by itself; this it passes on.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::mysql;
///
/// /// The orders database answers.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn orders(pool: State<sqlx::MySqlPool>) -> Outcome {
///     mysql::ping(&pool).await
/// }
/// ```
///
/// See [`Mysql`] for what it says.
pub async fn ping(pool: &MySqlPool) -> Outcome {
    look(pool, None).await
}

/// A check of the name `mysql`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(pool: MySqlPool) -> Check {
    Mysql::new(pool).check()
}

/// A MySQL or MariaDB server, as a pool reaches it.
///
/// | public message | when |
/// |---|---|
/// | `pool exhausted: 10 of 10 in use` | the application has all connections |
/// | `connection refused` and the like | nothing listens there, or the network fails |
/// | `no connection within 1425 ms` | the server, or what is in front of it, lets one wait |
/// | `connected, but no answer within 475 ms` | it does not answer on a connection |
/// | `credentials rejected`, `no such database`, `permission denied`, `host not allowed`, `host blocked after many errors`, `too many connections at the server`, `too many connections of this user`, `the server is stopping` | it says so |
/// | `unexpected answer` | something else than MySQL answers |
///
/// Measured values: `acquire_ms`, `query_ms`, `server`, which is `MySQL` or `MariaDB`, `version`,
/// `read_only`, `pool_in_use`, `pool_idle` and `pool_max`.
#[derive(Debug)]
pub struct Mysql {
    pool: MySqlPool,
    acquire_timeout: Option<Duration>,
}

impl Mysql {
    /// That which is reached through `pool`.
    pub fn new(pool: MySqlPool) -> Self {
        Self {
            pool,
            acquire_timeout: None,
        }
    }

    /// How long to wait for a connection of the pool. Default, and at most: three quarters of the
    /// time that the run has.
    #[must_use]
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = Some(timeout);
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        look(&self.pool, self.acquire_timeout).await
    }

    /// A check of the name `mysql`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("mysql", TIMEOUT, self, async |server| server.ping().await)
    }
}

async fn look(pool: &MySqlPool, acquire_timeout: Option<Duration>) -> Outcome {
    let mut measured = Measured::default();
    let row = ask(pool, acquire_timeout, &mut measured).await;
    let found = row.and_then(|row| read(&row, &mut measured));
    measured.pool(pool_use(pool));
    measured.told(found)
}

/// A connection that was closed while it was idle says nothing of the server: then the next one is
/// asked.
async fn ask(
    pool: &MySqlPool,
    acquire_timeout: Option<Duration>,
    measured: &mut Measured,
) -> Result<Row, Failure> {
    let budget = Budget::begin(TIMEOUT);
    let mut idle = pool_use(pool).idle;
    loop {
        let acquired = acquire(pool, budget.first(acquire_timeout)).await;
        let (mut connection, took) = acquired?;
        measured.time("acquire_ms", took);
        let asked = budget.rest().of(connection.row(QUESTION)).await;
        let (answer, took) = asked.map_err(Failure::no_answer)?;
        measured.time("query_ms", took);
        match answer {
            Err(failure) if failure.is_closed() && idle > 0 => idle -= 1,
            answer => {
                let row = answer?;
                measured.pool(pool_use(pool).with_one_given_back());
                connection.give_back();
                return Ok(row);
            }
        }
    }
}

const QUESTION: &str = "SELECT VERSION(), CAST(@@global.read_only AS CHAR)";

fn read(row: &Row, measured: &mut Measured) -> Result<Outcome, Failure> {
    let [Some(spelled), Some(read_only)] = &row[..] else {
        return Err(Failure::new("unexpected answer"));
    };
    let (server, version) = server(spelled);
    measured.add("server", server);
    measured.version(version);
    // MySQL; MariaDB, which has more ways to be it.
    measured.add("read_only", !matches!(&**read_only, "0" | "OFF"));
    Ok(Outcome::healthy())
}

/// Which of both it is, and its version alone: of 10.11.14-MariaDB-0+deb12u2, or 8.4.3.
fn server(spelled: &str) -> (&'static str, &str) {
    let version = spelled.split('-').next().unwrap_or(spelled);
    match spelled.contains("MariaDB") {
        true => ("MariaDB", version),
        false => ("MySQL", version),
    }
}

impl Backend for MySql {
    fn words(error: &Error) -> Option<&'static str> {
        let said = error.as_database_error()?;
        let number = said.try_downcast_ref().map(MySqlDatabaseError::number);
        Some(in_words(number.unwrap_or_default()))
    }

    fn part(unfinished: PoolConnection<Self>) {
        drop(unfinished.detach());
    }

    async fn row(connection: &mut MySqlConnection, statements: &'static str) -> Result<Row, Error> {
        first_row!(connection, statements)
    }
}

/// What a server says by an error of this number.
fn in_words(number: u16) -> &'static str {
    match number {
        1045 | 1698 | 1820 | 1862 | 3118 | 4151 => "credentials rejected",
        1049 => "no such database",
        1044 | 1142 | 1143 | 1227 => "permission denied",
        1130 => "host not allowed",
        1129 => "host blocked after many errors",
        1040 => "too many connections at the server",
        1203 | 1226 => "too many connections of this user",
        1053 => "the server is stopping",
        // MariaDB; MySQL.
        1927 | 4031 => crate::failure::CLOSED,
        _ => "the server reports an error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_servers_are_known_by_their_versions() {
        for (spelled, expected) in [
            ("10.11.14-MariaDB-0+deb12u2", ("MariaDB", "10.11.14")),
            ("8.4.3", ("MySQL", "8.4.3")),
            ("8.0.36-0ubuntu0.22.04.1", ("MySQL", "8.0.36")),
        ] {
            assert_eq!(server(spelled), expected);
        }
    }

    #[test]
    fn other_rows_are_unexpected() {
        for row in [Vec::new(), vec![None, None], vec![Some("8".to_owned())]] {
            assert!(read(&row, &mut Measured::default()).is_err());
        }
    }
}
