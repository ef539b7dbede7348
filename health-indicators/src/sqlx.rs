//! What the databases of sqlx have in common.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Error, Pool};
use tokio::net::TcpStream;

use crate::budget::Step;
use crate::failure::Failure;
use crate::pool::PoolUse;

pub(crate) fn pool_use<DB: Database>(pool: &Pool<DB>) -> PoolUse {
    let (size, idle) = (pool.size() as usize, pool.num_idle());
    PoolUse {
        most: pool.options().get_max_connections() as usize,
        in_use: size.saturating_sub(idle),
        idle,
    }
}

/// A connection of the pool, and how long that took; `words` are those of the database for an
/// error.
pub(crate) async fn acquire<DB: Database>(
    pool: &Pool<DB>,
    step: Step,
    server: Option<(&str, u16)>,
    words: impl FnOnce(Error) -> Failure,
) -> Result<(Lent<DB>, Duration), Failure> {
    // One that is idle is asked by the check itself: no need for sqlx to do so before.
    if let Some(idle) = pool.try_acquire() {
        return Ok((Lent(Some(idle)), Duration::ZERO));
    }
    match step.of(pool.acquire()).await {
        Ok((Ok(connection), took)) => Ok((Lent(Some(connection)), took)),
        Ok((Err(Error::PoolTimedOut), took)) => Err(why_none(pool, took, server).await),
        Ok((Err(error), _)) => Err(words(error)),
        Err(limit) => Err(why_none(pool, limit, server).await),
    }
}

/// sqlx tries again and again where a connection is refused, and tells of nothing but the time.
async fn why_none<DB: Database>(
    pool: &Pool<DB>,
    within: Duration,
    server: Option<(&str, u16)>,
) -> Failure {
    let pool_use = pool_use(pool);
    if pool_use.is_exhausted() {
        return pool_use.exhausted();
    }
    let Some(server) = server else {
        return Failure::not_connected(within);
    };
    match Step(LOOK).of(TcpStream::connect(server)).await {
        Ok((Err(error), _)) => Failure::of(error, "no connection"),
        _ => Failure::not_connected(within),
    }
}

/// How long to find out whether a port refuses connections.
const LOOK: Duration = Duration::from_millis(100);

/// A connection that goes back to its pool only if what was begun with it has ended.
///
/// sqlx asks each connection that is given back whether it is alive, and waits for the answer
/// without limit: one that answers no more would keep its place in the pool for ever.
#[derive(Debug)]
pub(crate) struct Lent<DB: Database>(Option<PoolConnection<DB>>);

impl<DB: Database> Lent<DB> {
    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl<DB: Database> Deref for Lent<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        self.0.as_deref().expect(HELD)
    }
}

impl<DB: Database> DerefMut for Lent<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.0.as_deref_mut().expect(HELD)
    }
}

const HELD: &str = "only giving it back takes the connection, and that consumes what held it";

impl<DB: Database> Drop for Lent<DB> {
    fn drop(&mut self) {
        if let Some(unfinished) = self.0.take() {
            drop(unfinished.detach());
        }
    }
}
