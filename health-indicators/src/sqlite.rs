//! SQLite, over a pool of sqlx.
//!
//! ```no_run
//! # fn shown(pool: sqlx::SqlitePool) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::sqlite;
//!
//! let health = HealthBuilder::empty()
//!     .check(sqlite::check(pool).readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

use std::path::PathBuf;
use std::time::Duration;

use health_core::{Check, Outcome};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Error, Sqlite as Database, SqliteConnection, SqlitePool};
use sqlx_core::transaction::TransactionManager;
use tokio::task::spawn_blocking;

use crate::budget::Budget;
use crate::failure::{Failure, spelled};
use crate::measured::Measured;
use crate::ready_made;
use crate::sqlx::{Backend, Lent, Row, acquire, failure, first_row, pool_use};

type Manager = <Database as sqlx::Database>::TransactionManager;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Reads the beginning of the database, and looks whether its file is still where it was: SQLite
/// itself goes on with one that was deleted, and all that is written is lost.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::sqlite;
///
/// /// The settings can be read.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn settings(pool: State<sqlx::SqlitePool>) -> Outcome {
///     sqlite::ping(&pool).await
/// }
/// ```
///
/// See [`Sqlite`] for what it says.
pub async fn ping(pool: &SqlitePool) -> Outcome {
    look(pool, &Settings::default()).await
}

/// A check of the name `sqlite`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(pool: SqlitePool) -> Check {
    Sqlite::new(pool).check()
}

/// A SQLite database, as a pool reaches it.
///
/// | public message | when |
/// |---|---|
/// | `pool exhausted: 10 of 10 in use` | the application has all connections |
/// | `database file is missing` | it was deleted or moved, or its volume is gone |
/// | `not a database`, `database is damaged` | something else was written there |
/// | `database locked` | another has had it for longer than the `busy_timeout` of the pool |
/// | `no answer within 475 ms: locked, or the disk is slow` | the `busy_timeout`, 5 s by default, is longer than that |
/// | `database cannot be opened`, `permission denied`, `disk full`, `disk error` | SQLite says so |
/// | `database is read-only` | with [`Sqlite::with_write`]: it is, or its folder |
///
/// Measured values: `acquire_ms`, `query_ms`, `version` of SQLite, `pool_in_use`, `pool_idle` and
/// `pool_max`; `write_ms` [with a write](Sqlite::with_write).
#[derive(Debug)]
pub struct Sqlite {
    pool: SqlitePool,
    settings: Settings,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    acquire_timeout: Option<Duration>,
    write: bool,
}

impl Sqlite {
    /// That which is reached through `pool`.
    pub fn new(pool: SqlitePool) -> Self {
        Self {
            pool,
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

    /// Also begins to write, and rolls it back: the database is not read-only, and nobody keeps it
    /// locked. For that time it locks out other writers. That the disk is full may show only when
    /// something is committed. Default: it only reads.
    #[must_use]
    pub fn with_write(mut self) -> Self {
        self.settings.write = true;
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        look(&self.pool, &self.settings).await
    }

    /// A check of the name `sqlite`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("sqlite", TIMEOUT, self, async |server| server.ping().await)
    }
}

async fn look(pool: &SqlitePool, settings: &Settings) -> Outcome {
    let mut measured = Measured::default();
    let budget = Budget::begin(TIMEOUT);
    let mut found = ask(pool, settings, &budget, &mut measured).await;
    if is_missing(&pool.connect_options(), &budget).await {
        found = Err(Failure::new("database file is missing").instead_of(found.err()));
    }
    measured.pool(pool_use(pool));
    measured.told(found)
}

async fn ask(
    pool: &SqlitePool,
    settings: &Settings,
    budget: &Budget,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    let acquiring = acquire(pool, budget.first(settings.acquire_timeout));
    let (mut connection, took) = acquiring.await?;
    measured.time("acquire_ms", took);
    let asked = budget.rest().of(connection.row(QUESTION)).await;
    let (answer, took) = asked.map_err(no_answer)?;
    measured.time("query_ms", took);
    if let Some(Some(version)) = answer?.into_iter().next() {
        measured.add("version", version);
    }
    if settings.write {
        let written = budget.rest().of(write(&mut connection)).await;
        let (written, took) = written.map_err(no_answer)?;
        measured.time("write_ms", took);
        written.map_err(failure::<Database>)?;
    }
    measured.pool(pool_use(pool).with_one_given_back());
    connection.give_back();
    Ok(Outcome::healthy())
}

/// Unlike `SELECT 1`, it reads the file.
const QUESTION: &str = "SELECT sqlite_version() FROM pragma_schema_version";

async fn write(connection: &mut Lent<Database>) -> Result<(), Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let table = r#"CREATE TABLE "health-indicators" (rolled_back)"#;
    Database::row(&mut transaction, table).await?;
    transaction.rollback().await
}

fn no_answer(within: Duration) -> Failure {
    let within = spelled(within);
    Failure::new(format!(
        "no answer within {within}: locked, or the disk is slow"
    ))
}

/// Whether there has to be a file, and is none.
async fn is_missing(options: &SqliteConnectOptions, budget: &Budget) -> bool {
    let Some(file) = file(options) else {
        return false;
    };
    let exists = spawn_blocking(move || file.try_exists());
    matches!(budget.rest().of(exists).await, Ok((Ok(Ok(false)), _)))
}

/// The file, if the database is one of the file system.
fn file(options: &SqliteConnectOptions) -> Option<PathBuf> {
    let elsewhere = |(name, value): (_, _)| name == "vfs" || (name == "mode" && value == "memory");
    let name = options.get_filename();
    // Not each name can be spelled as a URL, but the parameters can.
    let parameters = options.clone().filename("/unnamed").to_url_lossy();
    let is_file = !name.as_os_str().is_empty()
        && !name.starts_with("file:")
        && name.as_os_str() != ":memory:"
        && !parameters.query_pairs().any(elsewhere);
    is_file.then(|| name.to_owned())
}

impl Backend for Database {
    fn words(error: &Error) -> Option<&'static str> {
        let code = error.as_database_error()?.code()?;
        Some(in_words(code.parse().ok()?))
    }

    fn is_lost_with(pool: &SqlitePool) -> bool {
        file(&pool.connect_options()).is_none()
    }

    /// It obeys one after the other, so nothing is left for the next to get it; closing the only
    /// one would end a database that is in memory.
    fn part(mut unfinished: PoolConnection<Self>) {
        // One that was never acknowledged has to be told even if it has been done.
        for _ in 0..Manager::get_transaction_depth(&unfinished).max(1) {
            Manager::start_rollback(&mut unfinished);
        }
    }

    async fn row(
        connection: &mut SqliteConnection,
        statements: &'static str,
    ) -> Result<Row, Error> {
        first_row!(connection, statements)
    }
}

/// What SQLite says by this extended result code.
fn in_words(code: u32) -> &'static str {
    match code & 0xff {
        3 | 23 => "permission denied",
        5 | 6 => "database locked",
        8 => "database is read-only",
        10 => "disk error",
        11 => "database is damaged",
        13 => "disk full",
        14 => "database cannot be opened",
        26 => "not a database",
        _ => "the database reports an error",
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn databases_in_memory_have_no_file() {
        for (url, expected) in [
            ("sqlite::memory:", None),
            ("sqlite://shared?mode=memory", None),
            ("sqlite://other?vfs=unix-none", None),
            ("sqlite:///data/a.db?mode=ro", Some("/data/a.db")),
            ("sqlite:a%20b.db", Some("a b.db")),
        ] {
            let options = SqliteConnectOptions::from_str(url).expect("it is one of sqlx");
            assert_eq!(file(&options), expected.map(PathBuf::from), "{url}");
        }
        let options = SqliteConnectOptions::new().in_memory(true);
        assert_eq!(file(&options), None);
    }

    #[test]
    fn extended_codes_are_those_of_their_kind() {
        assert_eq!(in_words(5), "database locked");
        assert_eq!(in_words(1032), "database is read-only");
        assert_eq!(in_words(1), "the database reports an error");
    }
}
