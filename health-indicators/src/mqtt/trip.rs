use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::Mqtt;
use super::known::{Known, Next, Silence};
use crate::failure::{Failure, spelled};

/// How long a client may be without its broker: one that was merely restarted is there again at
/// once.
const GRACE: Duration = Duration::from_millis(100);

/// One message, from the client to the broker and back.
pub(super) struct Trip<'a> {
    mqtt: &'a Mqtt,
    known: watch::Receiver<Known>,
}

impl<'a> Trip<'a> {
    pub(super) fn new(mqtt: &'a Mqtt) -> Self {
        Self {
            mqtt,
            known: mqtt.known.subscribe(),
        }
    }

    /// Waits a little for a client that connects again.
    pub(super) async fn connected(&mut self, most: Duration) -> Result<(), Failure> {
        let connects = async { self.known.wait_for(Known::is_up).await.is_ok() };
        match timeout(GRACE.min(most), connects).await {
            Ok(true) => Ok(()),
            _ => Err(self.known.borrow().why_down()),
        }
    }

    /// The number of a message that is under way, which may be one of an earlier run.
    pub(super) async fn send(&self) -> Result<u64, Failure> {
        let mut next = Next::Await(0);
        self.mqtt.known.send_if_modified(|known| {
            next = known.next();
            if let Next::Send { number, .. } = next {
                known.sends(number);
            }
            false
        });
        let (number, subscribe) = match next {
            Next::Await(number) => return Ok(number),
            Next::Send { number, subscribe } => (number, subscribe),
        };
        let unsent = Unsent(Some(number), self.mqtt);
        if subscribe {
            self.mqtt.client.subscribe(&self.mqtt.topic).await?;
        }
        let payload = format!("{} {number}", self.mqtt.token);
        self.mqtt.client.publish(&self.mqtt.topic, payload).await?;
        unsent.sent();
        Ok(number)
    }

    /// Waits for the message: true if it came, false if the client has connected again meanwhile,
    /// as that may have lost it.
    pub(super) async fn answer(&mut self, number: u64) -> bool {
        let decided =
            |known: &Known| known.has_come(number) || !known.is_of_this_connection(number);
        match self.known.wait_for(decided).await {
            Ok(known) => known.has_come(number),
            Err(_) => false,
        }
    }

    pub(super) fn why_none(&self, within: Duration) -> Failure {
        match self.known.borrow().silence() {
            Silence::Refused => Failure::new("permission denied"),
            Silence::NoEvents => Failure::new("the event loop does not run"),
            Silence::Nothing => Failure::no_answer(within),
            Silence::OtherThings => Failure::new(format!(
                "connected, but the message did not come back within {}",
                spelled(within)
            )),
        }
    }
}

/// A message that is not yet in the client's queue; dropped, it will never be.
struct Unsent<'a>(Option<u64>, &'a Mqtt);

impl Unsent<'_> {
    fn sent(mut self) {
        self.0 = None;
    }
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.0 {
            self.1.known.send_modify(|known| known.sends_not(number));
        }
    }
}
