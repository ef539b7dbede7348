use std::time::Duration;

use deadpool_postgres::{Object, Pool};

use super::{Connects, Known, Row, Server, Session, tokio_postgres};
use crate::budget::Step;
use crate::deadpool::{Lent, acquire, pool_use};
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
        Known(super::Client::Deadpool(self))
    }
}

impl Connects for Pool {
    type Session<'a> = Lent<Object>;

    async fn acquire(&self, step: Step) -> Result<(Lent<Object>, Duration), Failure> {
        acquire(self, step, tokio_postgres::failure).await
    }

    fn pool_use(&self) -> Option<PoolUse> {
        Some(pool_use(self))
    }
}

impl Session for Lent<Object> {
    async fn ping(&mut self) -> Result<Option<String>, Failure> {
        tokio_postgres::version(self).await
    }

    async fn row(&mut self, question: &'static str) -> Result<Row, Failure> {
        tokio_postgres::row(self, question).await
    }

    fn give_back(self) {
        self.give_back();
    }
}
