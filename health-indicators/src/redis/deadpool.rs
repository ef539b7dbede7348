use std::time::Duration;

use deadpool_redis::{Connection, Pool};

use super::{Client, Connects, Known, Server, Session, words};
use crate::budget::Step;
use crate::deadpool::{Lent, Pooled, acquire, pool_use};
use crate::failure::Failure;
use crate::pool::PoolUse;
use crate::reached::{Itself, Reached};

impl Reached<Itself> for Pool {
    type Client = Self;

    fn client(&self) -> &Self {
        self
    }
}

impl Server for Pool {
    fn known(&self) -> Known<'_> {
        Known(Client::Deadpool(self))
    }
}

impl Connects for Pool {
    type Session = Lent<Connection>;

    /// The pool has each connection answer before it lends it.
    async fn acquire(&self, step: Step) -> Result<(Lent<Connection>, Duration), Failure> {
        acquire(self, step, words::failure).await
    }

    fn pool_use(&self) -> Option<PoolUse> {
        Some(pool_use(self))
    }
}

impl Pooled for Connection {
    fn discard(self) {
        drop(Self::take(self));
    }
}

impl Session for Lent<Connection> {
    type Connection = Connection;

    fn connection(&mut self) -> &mut Connection {
        self
    }

    fn give_back(self) {
        self.give_back();
    }
}
