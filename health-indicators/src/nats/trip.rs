use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, Message, SubscribeErrorKind, Subscriber};
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::time::{Instant, sleep, timeout};

use super::{Events, Settings};
use crate::failure::{Failure, spelled};

/// Of the client's counters, which lead nowhere else.
pub(super) const ORDER: Ordering = Ordering::Relaxed;

/// How long a client may be without its server: one that was merely restarted is there again at
/// once.
const GRACE: Duration = Duration::from_millis(100);

/// How often to look after the client, which tells nobody when it connects again.
const LOOK: Duration = Duration::from_millis(20);

/// One message, from the client to the server and back.
pub(super) struct Trip<'a> {
    client: &'a Client,
    settings: &'a Settings,
    subject: String,
    heard_before: u64,
}

impl<'a> Trip<'a> {
    pub(super) fn new(client: &'a Client, settings: &'a Settings) -> Self {
        let inbox = client.new_inbox();
        let subject = match (&settings.prefix, inbox.rsplit_once('.')) {
            (Some(prefix), Some((_, token))) => format!("{prefix}.{token}"),
            _ => inbox,
        };
        Self {
            client,
            settings,
            subject,
            heard_before: heard(client),
        }
    }

    /// That to which the message goes, and what it says.
    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// Waits a little for a client that connects again.
    pub(super) async fn connected(&self, most: Duration) -> Result<(), Failure> {
        let connects = async {
            while self.client.connection_state() != State::Connected {
                sleep(LOOK).await;
            }
        };
        let connected = timeout(GRACE.min(most), connects).await;
        connected.map_err(|_| self.why_disconnected())
    }

    pub(super) async fn subscribe(&self) -> Result<Subscriber, Failure> {
        let subscribing = self.client.subscribe(self.subject.clone()).await;
        subscribing.map_err(|error| match error.kind() {
            SubscribeErrorKind::InvalidSubject => Failure::because("invalid subject", error),
            _ => Failure::because(CLOSED, error),
        })
    }

    /// What comes to the subject once the message was sent; again, if the client has connected
    /// again meanwhile, as that may have lost it.
    pub(super) async fn answer(&self, subscriber: &mut Subscriber) -> Result<Message, Failure> {
        let (mut sent_on, mut seen) = (None, Instant::now());
        loop {
            if self.client.connection_state() == State::Connected {
                seen = Instant::now();
                let connection = self.client.statistics().connects.load(ORDER);
                if sent_on.replace(connection) != Some(connection) {
                    self.publish().await?;
                }
            } else if seen.elapsed() > GRACE {
                return Err(self.why_disconnected());
            }
            match timeout(LOOK, subscriber.next()).await {
                Ok(message) => return message.ok_or_else(|| Failure::new(CLOSED)),
                Err(_) => self.refused()?,
            }
        }
    }

    async fn publish(&self) -> Result<(), Failure> {
        let (to, says) = match self.settings.jetstream {
            true => ("$JS.API.INFO", ""),
            false => (self.subject(), self.subject()),
        };
        let says = says.to_owned().into();
        let sending = self
            .client
            .publish_with_reply(to.to_owned(), self.subject.clone(), says);
        let sent = sending.await;
        sent.map_err(|error| Failure::because(CLOSED, error))
    }

    fn refused(&self) -> Result<(), Failure> {
        let Some(events) = &self.settings.events else {
            return Ok(());
        };
        match events.refusal_of(&self.subject) {
            Some(said) => Err(Failure::because("permission denied", said)),
            None => Ok(()),
        }
    }

    fn why_disconnected(&self) -> Failure {
        if is_closed(self.client) {
            return Failure::new(CLOSED);
        }
        let told = self.settings.events.as_ref().and_then(Events::why);
        let words = match self.client.connection_state() {
            State::Pending => "not connected yet",
            _ => "disconnected",
        };
        Failure::new(told.unwrap_or(words))
    }

    pub(super) fn why_none(&self, within: Duration) -> Failure {
        match heard(self.client) == self.heard_before {
            true => Failure::no_answer(within),
            false => Failure::new(format!(
                "connected, but the message did not come back within {}",
                spelled(within)
            )),
        }
    }
}

const CLOSED: &str = "client closed";

/// How many bytes came from the server so far.
fn heard(client: &Client) -> u64 {
    client.statistics().in_bytes.load(ORDER)
}

/// Whether it takes no more commands. Nothing is sent to find out.
fn is_closed(client: &Client) -> bool {
    let mut place = client.clone();
    let place = std::future::poll_fn(|context| place.poll_ready_unpin(context)).now_or_never();
    matches!(place, Some(Err(_)))
}
