use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Error, PgConnection, PgPool, Postgres};

use super::{Connects, Known, Row, Server, Session, in_words};
use crate::budget::Step;
use crate::failure::Failure;
use crate::pool::PoolUse;
use crate::reached::{Itself, Reached};
use crate::sqlx::{Backend, Lent, acquire, failure, first_row, pool_use};

impl Reached<Itself> for PgPool {
    type Client = Self;

    fn client(&self) -> &Self {
        self
    }
}

impl Server for PgPool {
    fn known(&self) -> Known<'_> {
        Known(super::Client::Sqlx(self))
    }
}

impl Backend for Postgres {
    const ENDS_BY_ERRORS: bool = false;

    fn words(error: &Error) -> Option<&'static str> {
        let said = error.as_database_error()?;
        Some(in_words(said.code().as_deref().unwrap_or_default()))
    }

    fn part(unfinished: PoolConnection<Self>) {
        drop(unfinished.detach());
    }

    async fn row(connection: &mut PgConnection, statements: &'static str) -> Result<Row, Error> {
        first_row!(connection, statements)
    }
}

impl Connects for PgPool {
    type Session<'a> = Lent<Postgres>;

    async fn acquire(&self, step: Step) -> Result<(Lent<Postgres>, Duration), Failure> {
        acquire(self, step).await
    }

    fn pool_use(&self) -> Option<PoolUse> {
        Some(pool_use(self))
    }
}

impl Session for Lent<Postgres> {
    async fn ping(&mut self) -> Result<Option<String>, Failure> {
        let pinged = Connection::ping(&mut **self).await;
        pinged.map_err(failure::<Postgres>)?;
        Ok(self.server_version_num().map(version))
    }

    async fn row(&mut self, question: &'static str) -> Result<Row, Failure> {
        Lent::row(self, question).await
    }

    fn give_back(self) {
        self.give_back();
    }
}

/// 150004 is 15.4, and 90603 is 9.6.3.
fn version(number: u32) -> String {
    let (major, rest) = (number / 10_000, number % 10_000);
    match major {
        10.. => format!("{major}.{rest}"),
        _ => format!("{major}.{}.{}", rest / 100, rest % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_spelled_as_their_makers_do() {
        assert_eq!(version(150_019), "15.19");
        assert_eq!(version(90_603), "9.6.3");
    }
}
