//! What the pools of deadpool have in common.

use std::error::Error;
use std::ops::Deref;
use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool, PoolError};

use crate::budget::Step;
use crate::failure::Failure;
use crate::pool::PoolUse;

pub(crate) fn pool_use<M: Manager>(pool: &Pool<M>) -> PoolUse {
    let status = pool.status();
    PoolUse {
        most: status.max_size,
        in_use: status.size.saturating_sub(status.available),
        idle: status.available,
    }
}

/// A connection of the pool, and how long that took; `words` are those of the client for an error.
pub(crate) async fn acquire<M>(
    pool: &Pool<M>,
    step: Step,
    words: impl FnOnce(M::Error) -> Failure,
) -> Result<(Lent<M>, Duration), Failure>
where
    M: Manager<Error: Error + Send + Sync + 'static>,
{
    let why_none = |within| {
        let pool_use = pool_use(pool);
        match pool_use.is_exhausted() {
            true => pool_use.exhausted(),
            false => Failure::not_connected(within),
        }
    };
    match step.of(pool.get()).await {
        Ok((Ok(connection), took)) => Ok((Lent(Some(connection)), took)),
        Ok((Err(PoolError::Backend(error)), _)) => Err(words(error)),
        Ok((Err(PoolError::Timeout(_)), took)) => Err(why_none(took)),
        Ok((Err(error @ PoolError::Closed), _)) => Err(Failure::because("pool closed", error)),
        Ok((Err(error), _)) => Err(Failure::of(error, "no connection")),
        Err(limit) => Err(why_none(limit)),
    }
}

/// A connection that goes back to its pool only if what was begun with it has ended: the next to
/// get it would wait behind that.
pub(crate) struct Lent<M: Manager>(Option<Object<M>>);

impl<M: Manager> Lent<M> {
    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl<M: Manager> Deref for Lent<M> {
    type Target = Object<M>;

    fn deref(&self) -> &Object<M> {
        let held = "only giving it back takes the connection, and that consumes what held it";
        self.0.as_ref().expect(held)
    }
}

impl<M: Manager> Drop for Lent<M> {
    fn drop(&mut self) {
        if let Some(unfinished) = self.0.take() {
            drop(Object::take(unfinished));
        }
    }
}
