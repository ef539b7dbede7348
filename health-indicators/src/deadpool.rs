//! What the pools of deadpool have in common.

use std::error::Error;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool, PoolError};

use crate::budget::Step;
use crate::failure::Failure;
use crate::pool::PoolUse;

/// What a pool lends.
pub(crate) trait Pooled {
    /// Drops the connection, and makes room for another.
    fn discard(self);
}

impl<M: Manager> Pooled for Object<M> {
    fn discard(self) {
        drop(Object::take(self));
    }
}

pub(crate) fn pool_use<M: Manager, W: From<Object<M>>>(pool: &Pool<M, W>) -> PoolUse {
    let status = pool.status();
    PoolUse {
        most: status.max_size,
        in_use: status.size.saturating_sub(status.available),
        idle: status.available,
    }
}

/// A connection of the pool, and how long that took; `words` are those of the client for an error.
pub(crate) async fn acquire<M, W>(
    pool: &Pool<M, W>,
    step: Step,
    words: impl FnOnce(M::Error) -> Failure,
) -> Result<(Lent<W>, Duration), Failure>
where
    M: Manager<Error: Error + Send + Sync + 'static>,
    W: From<Object<M>> + Pooled,
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
pub(crate) struct Lent<W: Pooled>(Option<W>);

impl<W: Pooled> Lent<W> {
    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl<W: Pooled> Deref for Lent<W> {
    type Target = W;

    fn deref(&self) -> &W {
        self.0.as_ref().expect(HELD)
    }
}

impl<W: Pooled> DerefMut for Lent<W> {
    fn deref_mut(&mut self) -> &mut W {
        self.0.as_mut().expect(HELD)
    }
}

const HELD: &str = "only giving it back takes the connection, and that consumes what held it";

impl<W: Pooled> Drop for Lent<W> {
    fn drop(&mut self) {
        if let Some(unfinished) = self.0.take() {
            unfinished.discard();
        }
    }
}
