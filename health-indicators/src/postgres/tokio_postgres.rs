use std::time::Duration;

use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::{Connects, Known, Server, Session, in_words};
use crate::budget::Step;
use crate::failure::{CLOSED, Failure};
use crate::pool::PoolUse;
use crate::reached::{Itself, Reached};

impl Reached<Itself> for Client {
    type Client = Self;

    fn client(&self) -> &Self {
        self
    }
}

impl Server for Client {
    fn known(&self) -> Known<'_> {
        Known(super::Client::Tokio(self))
    }
}

impl Connects for Client {
    type Session<'a> = &'a Client;

    /// It has a connection, or will never have one again.
    async fn acquire(&self, _: Step) -> Result<(&Client, Duration), Failure> {
        Ok((self, Duration::ZERO))
    }

    fn pool_use(&self) -> Option<PoolUse> {
        None
    }
}

impl Session for &Client {
    async fn ping(&mut self) -> Result<Option<String>, Failure> {
        asked(self).await
    }

    fn give_back(self) {}
}

/// Asks for the version, which is as cheap as anything else.
pub(super) async fn asked(client: &Client) -> Result<Option<String>, Failure> {
    let answer = client.simple_query("SHOW server_version").await;
    let version = answer
        .map_err(failure)?
        .iter()
        .find_map(|message| match message {
            // 15.19 (Debian 15.19-0+deb12u1)
            SimpleQueryMessage::Row(row) => row.get(0)?.split(' ').next().map(ToOwned::to_owned),
            _ => None,
        });
    version
        .map(Some)
        .ok_or_else(|| Failure::new("unexpected answer"))
}

pub(super) fn failure(error: Error) -> Failure {
    let words = match error.code() {
        Some(code) => in_words(code.code()),
        None if error.is_closed() => CLOSED,
        None => return Failure::of(error, "unexpected answer"),
    };
    Failure::because(words, error)
}
