//! MQTT, over a client of rumqttc and what its event loop gives.
//!
//! A client of rumqttc moves only as its event loop is polled, which the application does, and all
//! that comes from the server comes there. So a check is told of it, by one line more:
//!
//! ```no_run
//! use health_core::HealthBuilder;
//! use health_indicators::mqtt::Mqtt;
//! use rumqttc::{AsyncClient, MqttOptions};
//!
//! # async fn shown() -> Result<(), health_core::BuildError> {
//! let (client, mut event_loop) = AsyncClient::new(MqttOptions::new("orders", "mqtt", 1883), 10);
//! let mqtt = Mqtt::new(client);
//!
//! let told = mqtt.clone();
//! tokio::spawn(async move {
//!     loop {
//!         let event = event_loop.poll().await;
//!         told.seen(&event);
//!         // What the application does with it, and a pause after an error.
//! #       if event.is_err() { tokio::time::sleep(std::time::Duration::from_secs(1)).await; }
//!     }
//! });
//!
//! let health = HealthBuilder::empty()
//!     .check(mqtt.check().readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

mod client;
mod known;
mod trip;
mod v4;
mod v5;

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Outcome};
use tokio::sync::watch;

pub use self::client::Client;
use self::known::{Heard, Known};
use self::trip::Trip;
use crate::budget::Budget;
use crate::failure::Failure;
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// Publishes a message to a topic of its own, and waits for it to come back.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::mqtt::{self, Mqtt};
///
/// /// The sensors are heard.
/// #[health_check(kind = "readiness", timeout_ms = 1000)]
/// async fn sensors(broker: State<Mqtt>) -> Outcome {
///     mqtt::ping(&broker).await
/// }
/// ```
///
/// See [`Mqtt`] for what it says.
pub async fn ping(broker: &Mqtt) -> Outcome {
    broker.ping().await
}

/// A check of the name `mqtt`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(broker: Mqtt) -> Check {
    broker.check()
}

/// An MQTT broker, as a client of rumqttc reaches it, by MQTT 3.1.1 or 5. Clones are the same: one
/// is told of [what the event loop gives](Self::seen), another is asked.
///
/// Nothing is sent while the client is disconnected: that would be kept, and sent later. Messages
/// are of quality of service 0 and not retained, and where one has not come back, no further one
/// follows it for ten seconds on the same connection. When to connect again is left to the event
/// loop.
///
/// | public message | when |
/// |---|---|
/// | `not connected yet` | the event loop has given nothing so far, or [`seen`](Self::seen) is not called |
/// | `connection refused`, `connection closed by the server`, `name not found` and the like | the event loop gave that error last |
/// | `credentials rejected`, `client identifier rejected`, `protocol version not accepted`, `the server is not available`, `too many connections at the server` | the broker has said so |
/// | `unexpected answer` | something else than MQTT answers |
/// | `connected, but pings are not answered` | the client has given up its connection for that |
/// | `disconnected` | it gave another error |
/// | `event loop ended` | nobody polls it any more, nor ever will |
/// | `the event loop does not run` | it has given nothing for as long as the run took: what is done between two polls takes too long |
/// | `queue of the client full` | the event loop does not take more from the client |
/// | `connected, but no answer within 900 ms` | nothing at all comes from the broker |
/// | `connected, but the message did not come back within 900 ms` | other things come; mostly the topic is not permitted |
/// | `invalid topic` | the topic is none to publish to |
/// | `permission denied` | the broker refuses a subscription |
///
/// Measured values: `query_ms`, and `connects`, which is how often the client has connected so far.
#[derive(Clone)]
pub struct Mqtt {
    client: Client,
    topic: Arc<str>,
    token: Arc<str>,
    known: Arc<watch::Sender<Known>>,
}

impl Mqtt {
    /// The broker that an `AsyncClient` of rumqttc reaches, of either version of the protocol.
    pub fn new(client: impl Into<Client>) -> Self {
        let token = format!("{:016x}", RandomState::new().build_hasher().finish());
        Self {
            client: client.into(),
            topic: format!("health/{token}").into(),
            token: token.into(),
            known: Arc::default(),
        }
    }

    /// The topic, to which it subscribes and publishes; best one for each client, named before the
    /// value is cloned. Default: one below `health/` that is made anew for each value. Name it where
    /// the session outlives the process: the broker keeps the subscription, too.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = topic.into().into();
        self
    }

    /// Tells it what the event loop has given; to be called with each result of `poll`. True if it
    /// was the check's own message that came back, which means nothing to anybody else.
    pub fn seen(&self, polled: &impl Polled) -> bool {
        let News(heard) = polled.news();
        let own = heard.number_of(&self.token);
        self.known.send_modify(|known| known.hears(heard, own));
        own.is_some()
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        let mut measured = Measured::default();
        let found = self.ask(&mut measured).await;
        measured.add("connects", self.known.borrow().connects);
        measured.told(found)
    }

    /// A check of the name `mqtt`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("mqtt", TIMEOUT, self, async |broker| broker.ping().await)
    }

    async fn ask(&self, measured: &mut Measured) -> Result<Outcome, Failure> {
        let budget = Budget::begin(TIMEOUT);
        let mut trip = Trip::new(self);
        loop {
            trip.connected(budget.first(None).0).await?;
            let sending = budget.first(None).of(trip.send()).await;
            let (sent, _) = sending.map_err(|_| Failure::new("queue of the client full"))?;
            let number = sent?;
            let answering = budget.rest().of(trip.answer(number)).await;
            let (answered, took) = answering.map_err(|within| trip.why_none(within))?;
            if answered {
                measured.time("query_ms", took);
                return Ok(Outcome::healthy());
            }
        }
    }
}

impl fmt::Debug for Mqtt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mqtt").finish_non_exhaustive()
    }
}

/// What polling an event loop of rumqttc gives: a `Result<Event, ConnectionError>`, of either
/// version of the protocol.
pub trait Polled {
    /// What that means; for this crate alone.
    #[doc(hidden)]
    fn news(&self) -> News<'_>;
}

#[doc(hidden)]
#[derive(Debug)]
pub struct News<'a>(Heard<'a>);

const UNEXPECTED: &str = "unexpected answer";
const TIMED_OUT: &str = "connection timed out";
const NO_PING: &str = "connected, but pings are not answered";
const ENDED: &str = "event loop ended";

/// For an error that has no words: that of TLS is there only with a feature of rumqttc.
fn otherwise(said: &str) -> &'static str {
    match said.starts_with("TLS") {
        true => "TLS failed",
        false => "disconnected",
    }
}
