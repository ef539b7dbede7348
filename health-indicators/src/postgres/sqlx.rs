use std::time::Duration;

use sqlx::{Connection, Error, PgPool, Postgres};

use super::{Connects, Known, Server, Session, in_words};
use crate::budget::Step;
use crate::failure::Failure;
use crate::pool::PoolUse;
use crate::reached::{Itself, Reached};
use crate::sqlx::{Lent, acquire, pool_use};

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

impl Connects for PgPool {
    type Session<'a> = Lent<Postgres>;

    async fn acquire(&self, step: Step) -> Result<(Lent<Postgres>, Duration), Failure> {
        let options = self.connect_options();
        let server = match options.get_socket() {
            Some(_) => None,
            None => Some((options.get_host(), options.get_port())),
        };
        acquire(self, step, server, failure).await
    }

    fn pool_use(&self) -> Option<PoolUse> {
        Some(pool_use(self))
    }
}

impl Session for Lent<Postgres> {
    async fn ping(&mut self) -> Result<Option<String>, Failure> {
        Connection::ping(&mut **self).await.map_err(failure)?;
        Ok(self.server_version_num().map(version))
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

fn failure(error: Error) -> Failure {
    let words = match &error {
        Error::Database(said) => in_words(said.code().as_deref().unwrap_or_default()),
        Error::PoolClosed => "pool closed",
        Error::Tls(_) => "TLS failed",
        _ => return Failure::of(error, "unexpected answer"),
    };
    Failure::because(words, error)
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
