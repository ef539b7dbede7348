use std::time::Duration;

use redis::aio::MultiplexedConnection;

use super::{Client, Connects, Known, Server, Session};
use crate::budget::Step;
use crate::failure::Failure;
use crate::reached::{Itself, Reached};

impl Reached<Itself> for MultiplexedConnection {
    type Client = Self;

    fn client(&self) -> &Self {
        self
    }
}

impl Server for MultiplexedConnection {
    fn known(&self) -> Known<'_> {
        Known(Client::Multiplexed(self))
    }
}

impl Connects for MultiplexedConnection {
    type Session = Self;

    const MAKES_ANOTHER: bool = false;

    /// It has a connection, or will never have one again.
    async fn acquire(&self, _: Step) -> Result<(Self, Duration), Failure> {
        Ok((self.clone(), Duration::ZERO))
    }
}

/// Answers that nobody waits for any more are thrown away, so that none is taken for another.
impl Session for MultiplexedConnection {
    type Connection = Self;

    fn connection(&mut self) -> &mut Self {
        self
    }

    fn give_back(self) {}
}
