//! What the databases of sqlx have in common.

use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Connection, Database, Error, Pool};
use tokio::time::Instant;

use crate::budget::Step;
use crate::failure::Failure;
use crate::pool::PoolUse;

/// A database of sqlx that this crate knows: those whose features are on.
pub trait Backend: Database {
    /// The public words for what the database itself, or sqlx, says is wrong.
    #[doc(hidden)]
    fn words(error: &Error) -> Option<&'static str>;

    /// Whether what the pool holds is lost with its connections. To get one of them is then never
    /// given up half-way: sqlx would close it.
    #[doc(hidden)]
    fn is_lost_with(_: &Pool<Self>) -> bool
    where
        Self: Sized,
    {
        false
    }

    /// What becomes of a connection that may have something under way.
    /// Whether errors, such as a deadlock, may end a transaction by themselves.
    #[doc(hidden)]
    const ENDS_BY_ERRORS: bool = true;

    #[doc(hidden)]
    fn part(unfinished: PoolConnection<Self>)
    where
        Self: Sized;

    /// The first row of the answer to statements without arguments; empty, if it has none.
    #[doc(hidden)]
    fn row(
        connection: &mut Self::Connection,
        statements: &'static str,
    ) -> impl Future<Output = Result<Row, Error>> + Send;
}

/// The columns of one, as text.
pub(crate) type Row = Vec<Option<String>>;

/// What a database answers in its first row, each column being a text.
macro_rules! first_row {
    ($connection:expr, $statements:expr) => {{
        use sqlx::Row;
        let rows = sqlx::raw_sql($statements).fetch_all($connection).await?;
        let first = rows.into_iter().next();
        first.map_or(Ok(Vec::new()), |row| {
            (0..row.len()).map(|at| row.try_get_unchecked(at)).collect()
        })
    }};
}

pub(crate) use first_row;

pub(crate) fn failure<DB: Backend>(error: Error) -> Failure {
    let words = match &error {
        Error::PoolClosed => Some("pool closed"),
        Error::Tls(_) => Some("TLS failed"),
        _ => DB::words(&error),
    };
    match words {
        Some(words) => Failure::because(words, error),
        None => Failure::of(error, "unexpected answer"),
    }
}

pub(crate) fn pool_use<DB: Database>(pool: &Pool<DB>) -> PoolUse {
    let size = pool.size() as usize;
    let idle = idle_of(size, pool.num_idle());
    PoolUse {
        most: pool.options().get_max_connections() as usize,
        in_use: size.saturating_sub(idle),
        idle,
    }
}

/// sqlx counts one that is given back after others may have taken it, and is then below zero.
fn idle_of(size: usize, counted: usize) -> usize {
    match counted > size {
        true => 0,
        false => counted,
    }
}

/// A connection of the pool, and how long that took.
pub(crate) async fn acquire<DB: Backend>(
    pool: &Pool<DB>,
    step: Step,
) -> Result<(Lent<DB>, Duration), Failure> {
    // One that is idle is asked by the check itself: no need for sqlx to do so before.
    if let Some(idle) = pool.try_acquire() {
        return Ok((Lent(Some(idle)), Duration::ZERO));
    }
    let limit = step.0.min(pool.options().get_acquire_timeout());
    let mut tries = false;
    let acquiring = noticing(one_of(pool), limit, &mut tries);
    let within = match step.of(acquiring).await {
        Ok((Ok(connection), took)) => return Ok((Lent(Some(connection)), took)),
        Ok((Err(Error::PoolTimedOut), took)) => took,
        Ok((Err(error), _)) => return Err(failure::<DB>(error)),
        Err(limit) => limit,
    };
    Err(why_none(pool, within, tries).await)
}

async fn one_of<DB: Backend>(pool: &Pool<DB>) -> Result<PoolConnection<DB>, Error> {
    if !DB::is_lost_with(pool) {
        return pool.acquire().await;
    }
    let to_the_end = tokio::spawn(pool.acquire());
    to_the_end.await.unwrap_or(Err(Error::WorkerCrashed))
}

/// Does `work`, and notes whether anything happened to it after a quarter of `limit`.
///
/// A connection that is refused is tried again at 10, 30, 70, 150 ms and so on; one that is
/// accepted but not answered wakes nobody.
fn noticing<F: Future>(
    work: F,
    limit: Duration,
    happened: &mut bool,
) -> impl Future<Output = F::Output> {
    let began = Instant::now();
    async move {
        let mut work = pin!(work);
        poll_fn(|context| {
            let waited = began.elapsed();
            *happened |= waited > limit / 4 && waited < limit;
            work.as_mut().poll(context)
        })
        .await
    }
}

/// sqlx tries again and again where a connection is refused, or the server starts or is full, and
/// tells of nothing but the time. One connection of our own then tells more; but where nothing was
/// tried again, it would only wait as well.
async fn why_none<DB: Backend>(pool: &Pool<DB>, within: Duration, tries: bool) -> Failure {
    let pool_use = pool_use(pool);
    if pool_use.is_exhausted() {
        return pool_use.exhausted();
    }
    if !tries {
        return Failure::not_connected(within);
    }
    let options = pool.connect_options();
    let look = async { options.connect().await?.close().await };
    match Step::to_look(LOOK).of(look).await {
        Ok((Err(error), _)) => failure::<DB>(error),
        _ => Failure::not_connected(within),
    }
}

/// How long to find out why connections fail.
const LOOK: Duration = Duration::from_millis(100);

/// A connection that goes back to its pool only if what was begun with it has ended.
///
/// sqlx asks each connection that is given back whether it is alive, and waits for the answer
/// without limit: one that answers no more would keep its place in the pool for ever.
#[derive(Debug)]
pub(crate) struct Lent<DB: Backend>(Option<PoolConnection<DB>>);

impl<DB: Backend> Lent<DB> {
    pub(crate) async fn row(&mut self, statements: &'static str) -> Result<Row, Failure> {
        DB::row(&mut **self, statements)
            .await
            .map_err(failure::<DB>)
    }

    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }

    /// Closes it.
    pub(crate) fn discard(mut self) {
        drop(self.0.take().map(PoolConnection::detach));
    }
}

impl<DB: Backend> Deref for Lent<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        self.0.as_deref().expect(HELD)
    }
}

impl<DB: Backend> DerefMut for Lent<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.0.as_deref_mut().expect(HELD)
    }
}

const HELD: &str = "only giving it back takes the connection, and that consumes what held it";

impl<DB: Backend> Drop for Lent<DB> {
    fn drop(&mut self) {
        if let Some(unfinished) = self.0.take() {
            DB::part(unfinished);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{sleep, timeout};

    use super::*;

    #[test]
    fn fewer_than_none_are_none() {
        assert_eq!(idle_of(2, 0_usize.wrapping_sub(1)), 0);
        assert_eq!(idle_of(2, 2), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn tries_are_told_from_waiting() {
        let limit = Duration::from_secs(1);
        let mut happened = false;
        let waits = async {
            sleep(limit / 10).await;
            pending::<()>().await;
        };
        let waited = timeout(limit, noticing(waits, limit, &mut happened)).await;
        assert!(waited.is_err() && !happened);
        let tries = async {
            for at in 0.. {
                sleep(Duration::from_millis(10 << at)).await;
            }
        };
        let tried = timeout(limit, noticing(tries, limit, &mut happened)).await;
        assert!(tried.is_err() && happened);
    }
}
