use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{ErrorKind, Pipeline};

use super::{Client, Connects, Known, Server, Session, words};
use crate::budget::Step;
use crate::failure::Failure;
use crate::reached::{Itself, Reached};

impl Reached<Itself> for ConnectionManager {
    type Client = Self;

    fn client(&self) -> &Self {
        self
    }
}

impl Server for ConnectionManager {
    fn known(&self) -> Known<'_> {
        Known(Client::Manager(self))
    }
}

impl Connects for ConnectionManager {
    type Session = Self;

    /// Nothing to send is refused as such as soon as there is a connection.
    async fn acquire(&self, step: Step) -> Result<(Self, Duration), Failure> {
        let mut manager = self.clone();
        let nothing = Pipeline::new();
        let waited = step.of(manager.send_packed_commands(&nothing, 0, 0)).await;
        let (answer, took) = waited.map_err(Failure::not_connected)?;
        match answer {
            Err(error) if error.kind() != ErrorKind::Client => Err(words::unconnected(error, took)),
            _ => Ok((manager, took)),
        }
    }
}

/// Answers that nobody waits for any more are thrown away, so that none is taken for another.
impl Session for ConnectionManager {
    type Connection = Self;

    fn connection(&mut self) -> &mut Self {
        self
    }

    fn give_back(self) {}
}
