use std::hash::{BuildHasher, RandomState};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Result};

use super::channel::{self, Turn};

/// After how many milliseconds without a run the server deletes a queue that was left behind.
const EXPIRES: i32 = 60_000;

/// How many messages are taken from the queue at most until the own one comes.
const MOST_LEFT: usize = 100;

/// A queue of its own, over which it publishes to itself.
///
/// Not named by the server: when lapin makes a lost connection anew it declares the queues that it
/// had, and a name that the server has made up is refused then.
#[derive(Clone, Debug)]
pub(super) struct RoundTrip {
    queue: String,
}

impl RoundTrip {
    pub(super) fn new() -> Self {
        Self {
            queue: format!("health.{}", unique()),
        }
    }

    /// Publishes a message and gets it back; or what went wrong with that.
    pub(super) async fn made(
        &self,
        channel: &Channel,
        turn: &Turn,
    ) -> Result<Option<&'static str>> {
        let queue: ShortString = self.queue.as_str().into();
        channel::apart(channel, turn, async move |channel: Channel| {
            declare(&channel, queue.clone()).await?;
            let body = unique();
            let found = there_and_back(&channel, queue.clone(), body.as_bytes()).await?;
            let options = QueueDeleteOptions::default();
            channel.queue_delete(queue, options).await?;
            Ok(found)
        })
        .await
    }
}

fn unique() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}

async fn declare(channel: &Channel, queue: ShortString) -> Result<()> {
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let mut arguments = FieldTable::default();
    arguments.insert("x-expires".into(), AMQPValue::LongInt(EXPIRES));
    channel.queue_declare(queue, options, arguments).await?;
    let options = ConfirmSelectOptions::default();
    channel.confirm_select(options).await
}

async fn there_and_back(
    channel: &Channel,
    queue: ShortString,
    body: &[u8],
) -> Result<Option<&'static str>> {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = BasicProperties::default();
    let published = channel.basic_publish("".into(), queue.clone(), options, body, properties);
    let confirmation = published.await?.await?;
    if !confirmation.is_ack() || confirmation.take_message().is_some() {
        return Ok(Some("published message rejected"));
    }
    // What runs left there that were cut off comes first.
    let options = BasicGetOptions { no_ack: true };
    for _ in 0..MOST_LEFT {
        match channel.basic_get(queue.clone(), options).await? {
            Some(message) if message.delivery.data == body => return Ok(None),
            Some(_) => {}
            None => break,
        }
    }
    Ok(Some("published message not delivered"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_the_same() {
        assert_ne!(unique(), unique());
        assert_eq!(unique().len(), 32);
    }
}
