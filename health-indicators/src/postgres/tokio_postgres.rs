use std::time::Duration;

use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::{Connects, Known, Row, Server, Session, in_words, version_alone};
use crate::budget::Step;
use crate::failure::{CLOSED, Failure, NO_OTHER};
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
        version(self).await.map_err(for_good)
    }

    async fn row(&mut self, question: &'static str) -> Result<Row, Failure> {
        row(self, question).await.map_err(for_good)
    }

    fn give_back(self) {}
}

/// What a closed connection means where no pool makes another.
fn for_good(failure: Failure) -> Failure {
    match failure.is_closed() {
        true => failure.saying(NO_OTHER),
        false => failure,
    }
}

/// Asks for the version, which is as cheap as anything else.
pub(super) async fn version(client: &Client) -> Result<Option<String>, Failure> {
    let mut row = row(client, "SHOW server_version").await?;
    let version = row.first_mut().and_then(Option::take);
    let spelled = version.as_deref().and_then(version_alone);
    spelled
        .map(|version| Some(version.to_owned()))
        .ok_or_else(|| Failure::new("unexpected answer"))
}

/// The first row of the answer; empty, if it has none.
pub(super) async fn row(client: &Client, question: &str) -> Result<Row, Failure> {
    let answer = client.simple_query(question).await.map_err(failure)?;
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(row.map_or_else(Vec::new, |row| {
        let column = |at| row.get(at).map(ToOwned::to_owned);
        (0..row.len()).map(column).collect()
    }))
}

pub(super) fn failure(error: Error) -> Failure {
    let words = match error.code() {
        Some(code) => in_words(code.code()),
        None if error.is_closed() => CLOSED,
        None => return Failure::of(error, "unexpected answer"),
    };
    Failure::because(words, error)
}
