//! A business transaction that is tried and always rolled back, over a pool of sqlx.
//!
//! That a server answers does not say that an order can be placed: a table may lack a column, a
//! user a permission, a disk its space. This does what the application does, with the same
//! statements, and leaves nothing behind.
//!
//! ```no_run
//! # #[cfg(feature = "sqlx-postgres")]
//! # fn shown(pool: sqlx::PgPool) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::transaction::{self, OpenTransaction};
//! use sqlx::Postgres;
//!
//! async fn place_order(mut transaction: OpenTransaction<Postgres>) -> sqlx::Result<()> {
//!     sqlx::query("INSERT INTO orders (customer, amount) VALUES ($1, $2)")
//!         .bind("probe")
//!         .bind(1)
//!         .execute(&mut *transaction)
//!         .await?;
//!     Ok(())
//! }
//!
//! let health = HealthBuilder::empty()
//!     .check(transaction::check(pool, place_order).with_name("place_order").readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use health_core::{Check, IntoOutcome, Outcome};
use sqlx::{Error, Pool};
use sqlx_core::transaction::TransactionManager;

use crate::budget::{Budget, Step};
use crate::failure::{Failure, spelled};
use crate::measured::Measured;
use crate::ready_made;
pub use crate::sqlx::Backend;
use crate::sqlx::{Lent, acquire, failure, pool_use};

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Does `work` in a transaction, and rolls it back whatever becomes of it.
///
/// ```no_run
/// # #[cfg(feature = "sqlx-postgres")]
/// # mod shown {
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::transaction;
///
/// /// Orders can be placed.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn place_order(pool: State<sqlx::PgPool>) -> Outcome {
///     let order = "INSERT INTO orders (customer, amount) VALUES ('probe', 1)";
///     transaction::rehearse(&pool, async |mut transaction| {
///         sqlx::query(order).execute(&mut *transaction).await.map(drop)
///     })
///     .await
/// }
/// # }
/// ```
///
/// See [`Transaction`] for what it says, and for what cannot be rolled back.
pub async fn rehearse<DB, F, Fut>(pool: &Pool<DB>, work: F) -> Outcome
where
    DB: Backend,
    F: FnOnce(OpenTransaction<DB>) -> Fut,
    Fut: Future<Output: IntoOutcome>,
{
    run(pool, None, work).await.0
}

/// A check of the name `transaction`, with a timeout of [`TIMEOUT`], that does what [`rehearse`]
/// does. It serves no probe until told which.
#[track_caller]
pub fn check<DB, F, Fut>(pool: Pool<DB>, work: F) -> Check
where
    DB: Backend,
    F: Fn(OpenTransaction<DB>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoOutcome> + Send + 'static,
{
    Transaction::new(pool, work).check()
}

/// Work that is done in a transaction, which is always rolled back: when the work has ended, well
/// or not, when it panics, takes too long, or nobody waits for it any longer.
///
/// What the work returns is the result; its error is private. Besides:
///
/// | public message | when |
/// |---|---|
/// | `pool exhausted: 10 of 10 in use`, `no connection within 1425 ms` and the like | there is no connection; as the check of that database says it |
/// | `connected, but no answer within 475 ms` | no transaction begins |
/// | `the transaction has not ended within 438 ms` | the work takes too long |
/// | `not rolled back within 475 ms` | the connection was closed instead, which rolls it back as well |
/// | `the transaction was ended by what ran in it` | there was a `COMMIT` among the statements, or another that implies one: something may be left behind. Such a check does not run again |
/// | `the transaction was not given back` | the work has handed it to another task; when that drops it, it is rolled back |
///
/// Measured values: `acquire_ms`, `transaction_ms`, `pool_in_use`, `pool_idle` and `pool_max`.
///
/// # What cannot be rolled back
///
/// - What a statement does outside of the transaction: numbers taken from a sequence or an
///   `AUTO_INCREMENT`, tables of MySQL in an engine without transactions, what a trigger or a
///   function sends elsewhere.
/// - What a statement leaves to its connection, which others use afterwards: prepared statements;
///   with PostgreSQL advisory locks, unless they are those of a transaction
///   (`pg_advisory_xact_lock`); with MySQL variables, `SET SESSION autocommit = 0` among them,
///   temporary tables and what `GET_LOCK` has locked.
/// - What the work commits. Nothing keeps it from the statement `COMMIT`, and with MySQL each
///   `CREATE`, `ALTER`, `DROP` and `TRUNCATE` implies one. This is told, once it has happened,
///   unless the work fails after it: only with PostgreSQL that is told, too. The transactions of
///   sqlx that the work begins within are savepoints; committing those is fine.
/// - What follows an error that has rolled back everything by itself, as a deadlock does with MySQL:
///   statements after it are on their own. Return the first error.
///
/// And constraints that are deferred are checked by `COMMIT`, so never here; `SET CONSTRAINTS ALL
/// IMMEDIATE` as the last statement checks them.
///
/// Rows that it changes stay locked until it is rolled back; with SQLite the whole database does. If
/// nobody waits for the work any longer, the connection to the server is closed; the server rolls
/// back as soon as the statement that it was at has ended.
pub struct Transaction<DB: Backend, F> {
    pool: Pool<DB>,
    work: F,
    acquire_timeout: Option<Duration>,
    was_ended: AtomicBool,
}

impl<DB, F, Fut> Transaction<DB, F>
where
    DB: Backend,
    F: Fn(OpenTransaction<DB>) -> Fut,
    Fut: Future<Output: IntoOutcome>,
{
    /// `work` over a connection of `pool`.
    pub fn new(pool: Pool<DB>, work: F) -> Self {
        Self {
            pool,
            work,
            acquire_timeout: None,
            was_ended: AtomicBool::new(false),
        }
    }

    /// How long to wait for a connection of the pool. Default, and at most: three quarters of the
    /// time that the run has.
    #[must_use]
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = Some(timeout);
        self
    }

    /// Does it, and rolls it back.
    pub async fn rehearse(&self) -> Outcome {
        if self.was_ended.load(Ordering::Relaxed) {
            return Failure::new(ENDED).into();
        }
        let (outcome, was_ended) = run(&self.pool, self.acquire_timeout, &self.work).await;
        self.was_ended.fetch_or(was_ended, Ordering::Relaxed);
        outcome
    }

    /// A check of the name `transaction`, with a timeout of [`TIMEOUT`]. It serves no probe until
    /// told which.
    #[track_caller]
    pub fn check(self) -> Check
    where
        F: Send + Sync + 'static,
        Fut: Send + 'static,
    {
        ready_made::external("transaction", TIMEOUT, self, async |work| {
            work.rehearse().await
        })
    }
}

impl<DB: Backend, F> fmt::Debug for Transaction<DB, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("acquire_timeout", &self.acquire_timeout)
            .finish_non_exhaustive()
    }
}

/// The connection within the transaction; statements are executed with `&mut *transaction`.
///
/// Dropped, it goes back to be rolled back.
pub struct OpenTransaction<DB: Backend> {
    connection: Option<Lent<DB>>,
    home: Home<DB>,
}

/// Where the connection is put when the work has ended.
type Home<DB> = Arc<Mutex<Option<Lent<DB>>>>;

impl<DB: Backend> Deref for OpenTransaction<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        self.connection.as_deref().expect(HELD)
    }
}

impl<DB: Backend> DerefMut for OpenTransaction<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.connection.as_deref_mut().expect(HELD)
    }
}

const HELD: &str = "only dropping it takes the connection";

impl<DB: Backend> Drop for OpenTransaction<DB> {
    fn drop(&mut self) {
        let mut home = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        *home = self.connection.take();
    }
}

impl<DB: Backend> fmt::Debug for OpenTransaction<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTransaction").finish_non_exhaustive()
    }
}

/// The outcome, and whether the work has ended the transaction.
async fn run<DB, F, Fut>(
    pool: &Pool<DB>,
    acquire_timeout: Option<Duration>,
    work: F,
) -> (Outcome, bool)
where
    DB: Backend,
    F: FnOnce(OpenTransaction<DB>) -> Fut,
    Fut: Future<Output: IntoOutcome>,
{
    let mut measured = Measured::default();
    let budget = Budget::begin(TIMEOUT);
    let found = match begin(pool, acquire_timeout, &budget, &mut measured).await {
        Ok(connection) => within(connection, &budget, &mut measured, work).await,
        Err(failure) => Err(failure),
    };
    measured.pool(pool_use(pool));
    match found {
        Ok((outcome, false)) if outcome.status().is_passing() || !DB::ENDS_BY_ERRORS => {
            (measured.told(Err(ended(&outcome))), true)
        }
        found => (measured.told(found.map(|(outcome, _)| outcome)), false),
    }
}

fn ended(outcome: &Outcome) -> Failure {
    match outcome.error() {
        Some(error) => Failure::because(ENDED, error.to_string()),
        None => Failure::new(ENDED),
    }
}

const ENDED: &str = "the transaction was ended by what ran in it";

/// A connection in a transaction. One that was closed while it was idle says nothing of the
/// server: then the next one is asked.
async fn begin<DB: Backend>(
    pool: &Pool<DB>,
    acquire_timeout: Option<Duration>,
    budget: &Budget,
    measured: &mut Measured,
) -> Result<Lent<DB>, Failure> {
    let mut idle = pool_use(pool).idle;
    loop {
        let acquired = acquire(pool, budget.first(acquire_timeout)).await;
        let (mut connection, took) = acquired?;
        measured.time("acquire_ms", took);
        let begun = budget.rest().of(set_out(&mut connection)).await;
        let (begun, _) = begun.map_err(Failure::no_answer)?;
        match begun.map_err(failure::<DB>) {
            Ok(()) => {
                measured.pool(pool_use(pool).with_one_given_back());
                return Ok(connection);
            }
            Err(failure) if failure.is_closed() && idle > 0 => idle -= 1,
            Err(failure) => return Err(failure),
        }
    }
}

/// The savepoint is there as long as the transaction.
async fn set_out<DB: Backend>(connection: &mut Lent<DB>) -> Result<(), Error> {
    DB::TransactionManager::begin(&mut **connection, None).await?;
    let savepoint = "SAVEPOINT health_indicators";
    DB::row(&mut **connection, savepoint).await.map(drop)
}

/// What the work gives, and whether the transaction was still there at its end.
async fn within<DB, F, Fut>(
    connection: Lent<DB>,
    budget: &Budget,
    measured: &mut Measured,
    work: F,
) -> Result<(Outcome, bool), Failure>
where
    DB: Backend,
    F: FnOnce(OpenTransaction<DB>) -> Fut,
    Fut: Future<Output: IntoOutcome>,
{
    let home = Home::default();
    let transaction = OpenTransaction {
        connection: Some(connection),
        home: Arc::clone(&home),
    };
    // A tenth of the time is left to roll it back.
    let step = Step(budget.rest().0 * 9 / 10);
    let (given, took) = step.of(work(transaction)).await.map_err(too_long)?;
    measured.time("transaction_ms", took);
    let outcome = given.into_outcome();
    let connection = home.lock().unwrap_or_else(PoisonError::into_inner).take();
    let connection =
        connection.ok_or_else(|| Failure::new("the transaction was not given back"))?;
    let undone = budget.rest().of(undo(connection)).await;
    let (undone, _) = undone.map_err(not_undone)?;
    match undone {
        Err(error) if outcome.status().is_passing() => Err(failure::<DB>(error)),
        undone => Ok((outcome, undone.unwrap_or(true))),
    }
}

fn too_long(within: Duration) -> Failure {
    let within = spelled(within);
    Failure::new(format!("the transaction has not ended within {within}"))
}

fn not_undone(within: Duration) -> Failure {
    Failure::new(format!("not rolled back within {}", spelled(within)))
}

/// Rolls back; whether that was the transaction that was begun. If it cannot, it closes the
/// connection.
async fn undo<DB: Backend>(mut connection: Lent<DB>) -> Result<bool, Error> {
    let undone = undone(&mut connection).await;
    match undone {
        Ok(_) => connection.give_back(),
        Err(_) => connection.discard(),
    }
    undone
}

async fn undone<DB: Backend>(connection: &mut Lent<DB>) -> Result<bool, Error> {
    let connection = &mut **connection;
    let is_there = match DB::row(connection, "ROLLBACK TO SAVEPOINT health_indicators").await {
        Ok(_) => true,
        Err(Error::Database(_)) => false,
        Err(error) => return Err(error),
    };
    if !is_there {
        // To sqlx it is open still: whatever is there gives way to what can be rolled back.
        let _none = DB::row(connection, "ROLLBACK").await;
        DB::row(connection, "BEGIN").await?;
    }
    DB::TransactionManager::rollback(connection).await?;
    Ok(is_there)
}
