//! NATS, over a client of async-nats.
//!
//! ```no_run
//! # fn shown(client: async_nats::Client) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::nats;
//!
//! let health = HealthBuilder::empty()
//!     .check(nats::check(client).readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

mod answer;
mod events;
mod trip;

use std::fmt;
use std::time::Duration;

use async_nats::Client;
use health_core::{Check, Outcome};

pub use self::events::Events;
use self::trip::Trip;
use crate::budget::Budget;
use crate::failure::Failure;
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// Sends a message to a subject that nobody else knows, and waits for it to come back.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::nats;
///
/// /// Events are passed on.
/// #[health_check(kind = "readiness", timeout_ms = 1000)]
/// async fn events(client: State<async_nats::Client>) -> Outcome {
///     nats::ping(&client).await
/// }
/// ```
///
/// See [`Nats`] for what it says.
pub async fn ping(client: &Client) -> Outcome {
    look(client, &Settings::default()).await
}

/// A check of the name `nats`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(client: Client) -> Check {
    Nats::new(client).check()
}

/// A NATS server, as its client reaches it.
///
/// Nothing is asked while the client is disconnected: that would be kept, and sent later. How it
/// connects again is left to the client.
///
/// | public message | when |
/// |---|---|
/// | `disconnected` | the client has lost its server, and looks for one |
/// | `not connected yet` | the client is to connect in the background, and has not so far |
/// | `credentials rejected`, `name not found`, `TLS failed`, `connection timed out` | the same, where [`Events`] tell why |
/// | `client closed` | the application has drained it, or it has given up to connect again |
/// | `queue of the client full` | the client does not get rid of what the application has published |
/// | `connected, but no answer within 900 ms` | nothing at all comes from the server |
/// | `connected, but the message did not come back within 900 ms` | other things come; mostly the subject is not permitted, which is told as `permission denied` where [`Events`] tell |
/// | `JetStream not enabled`, `JetStream reports an error` | it says so; only [with `JetStream`](Self::with_jetstream) |
/// | `invalid subject` | the prefix cannot begin one |
/// | `unexpected answer` | something else than that message came back |
///
/// Measured values: `query_ms`, `version`, `connects`, which is how often the client has connected
/// so far, and of `JetStream` `streams`, `consumers`, `memory_bytes` and `storage_bytes`.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    settings: Settings,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    prefix: Option<String>,
    jetstream: bool,
    events: Option<Events>,
}

impl Nats {
    /// The server that this client reaches.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            settings: Settings::default(),
        }
    }

    /// What the subject begins with, before a dot and a token that is made anew each time. The user
    /// needs the permission to publish and to subscribe there. Default: the inbox prefix of the
    /// client, to which some users may not publish.
    #[must_use]
    pub fn with_subject_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = Some(prefix.into());
        self
    }

    /// Asks for the state of `JetStream` instead, on `$JS.API.INFO`. Default: no.
    #[must_use]
    pub fn with_jetstream(mut self) -> Self {
        self.settings.jetstream = true;
        self
    }

    /// Tells why the client is disconnected or a subject is refused, which the client itself only
    /// tells its event callback.
    #[must_use]
    pub fn with_events(mut self, events: Events) -> Self {
        self.settings.events = Some(events);
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        look(&self.client, &self.settings).await
    }

    /// A check of the name `nats`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("nats", TIMEOUT, self, async |server| server.ping().await)
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats")
            .field("jetstream", &self.settings.jetstream)
            .finish_non_exhaustive()
    }
}

async fn look(client: &Client, settings: &Settings) -> Outcome {
    let mut measured = Measured::default();
    let found = ask(client, settings, &mut measured).await;
    let connects = client.statistics().connects.load(trip::ORDER);
    measured.add("connects", connects);
    measured.told(found)
}

async fn ask(
    client: &Client,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    let budget = Budget::begin(TIMEOUT);
    let trip = Trip::new(client, settings);
    trip.connected(budget.first(None).0).await?;
    if let Some(info) = client.try_server_info() {
        measured.version(info.version);
    }
    let subscribing = budget.first(None).of(trip.subscribe()).await;
    let (subscriber, _) = subscribing.map_err(|_| Failure::new("queue of the client full"))?;
    let mut subscriber = subscriber?;
    let answering = budget.rest().of(trip.answer(&mut subscriber)).await;
    let (answer, took) = answering.map_err(|within| trip.why_none(within))?;
    let answer = answer?;
    measured.time("query_ms", took);
    match settings.jetstream {
        true => answer::jetstream(&answer, measured)?,
        false => answer::echo(&answer, trip.subject())?,
    }
    Ok(Outcome::healthy())
}
