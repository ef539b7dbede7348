//! RabbitMQ, and what else speaks AMQP 0-9-1, over a connection of lapin.
//!
//! ```no_run
//! # fn shown(connection: std::sync::Arc<lapin::Connection>) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::rabbitmq;
//!
//! let health = HealthBuilder::empty()
//!     .check(rabbitmq::check(connection).readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

mod channel;
mod queue;
mod refusals;
mod round_trip;
mod words;

use std::fmt;
use std::time::Duration;

use health_core::{Check, Outcome};
use lapin::{Channel, Connection, ConnectionStatus};

use self::channel::{Kept, Turn};
pub use self::queue::Queue;
use self::refusals::Refusals;
use self::round_trip::RoundTrip;
use crate::budget::Budget;
use crate::failure::Failure;
use crate::measured::Measured;
use crate::reached::{Held, Holds, Itself, Reached};
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Opens a channel, and lets go of it again.
///
/// A [`Rabbitmq`] that is kept is better: it opens its channel once. lapin 4.12 may not succeed in
/// making a lost connection anew if a channel is being opened at the moment at which it is lost.
///
/// `connection` is a `lapin::Connection`, or what dereferences to one: `Arc<Connection>`,
/// `web::Data<Connection>`, `State<Connection>`, or what a pool of connections lends.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::rabbitmq;
///
/// /// The broker of the orders answers.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn orders(connection: State<lapin::Connection>) -> Outcome {
///     rabbitmq::ping(&connection).await
/// }
/// ```
///
/// See [`Rabbitmq`] for what it says.
pub async fn ping<P, Via>(connection: &P) -> Outcome
where
    P: Reached<Via, Client = Connection>,
{
    look(
        connection.client(),
        &Settings::default(),
        &Memory::default(),
    )
    .await
}

/// A check of the name `rabbitmq`, with a timeout of [`TIMEOUT`], that keeps a channel. It serves no
/// probe until told which.
#[track_caller]
pub fn check<P, Via>(connection: P) -> Check
where
    P: Reached<Via, Client = Connection> + Send + Sync + 'static,
    Via: 'static,
{
    Rabbitmq::new(connection).check()
}

/// A RabbitMQ server, as a connection of lapin reaches it.
///
/// | public message | when |
/// |---|---|
/// | `connection lost, reconnecting` | lapin makes it anew, as `enable_auto_recover` has it do |
/// | `connection lost for good, the application has to connect again` | lapin does not, or has given up |
/// | `connection closed` | the application or the server has closed it |
/// | `connected, but no answer within 1425 ms` | the server does not answer on the connection |
/// | `publishing is blocked by the server` | it is short of memory or disk space, and the application has published meanwhile: lapin sends nothing then |
/// | `channel limit reached` | the application has all channels of the connection |
/// | `queue not found`, `permission denied`, `queue is exclusive to another connection` | it says so |
/// | `queue holds 1200 messages, more than 1000`, `queue has 0 consumers, fewer than 1` | as told by [`with_queue`](Self::with_queue) |
/// | `published message not delivered` and the like | as told by [`with_round_trip`](Self::with_round_trip) |
///
/// It keeps a channel of its own, and asks over that; a probe that is cancelled leaves nothing
/// behind. Measured values: `open_ms` where the channel had to be opened, else `query_ms`; of a
/// queue `queue_ms`, `messages` and `consumers`; `round_trip_ms`.
///
/// ```no_run
/// # fn shown(connection: std::sync::Arc<lapin::Connection>) -> health_core::Check {
/// use health_indicators::rabbitmq::{Queue, Rabbitmq};
///
/// let orders = Queue::new("orders")
///     .with_degraded_above(1_000)
///     .with_unhealthy_above(100_000)
///     .with_consumers(1);
/// Rabbitmq::new(connection).with_queue(orders).check().readiness()
/// # }
/// ```
///
/// An annotated function gets it as state, so that it keeps its channel:
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::rabbitmq::Rabbitmq;
///
/// /// The broker of the orders answers.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn orders(broker: State<Rabbitmq>) -> Outcome {
///     broker.ping().await
/// }
/// ```
///
/// What the server refuses, such as a look at a queue that is not there, is asked for again after 5
/// seconds, then less and less often, at last every 5 minutes; until then the answer stands. For
/// lapin does not use the number of a channel again that the server closed for that.
///
/// A connection that is not used to publish never learns that publishing is blocked. Where a
/// service publishes and consumes over connections of their own, each has its own check.
pub struct Rabbitmq {
    connection: Box<dyn Holds<Connection>>,
    settings: Settings,
    memory: Memory,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    queue: Option<Queue>,
    round_trip: Option<RoundTrip>,
}

/// What is kept from one run to the next.
#[derive(Debug, Default)]
struct Memory {
    channel: Kept,
    turn: Turn,
    refusals: Refusals,
}

impl Rabbitmq {
    /// That which is reached through `connection`; for its types see [`ping`].
    pub fn new<P, Via>(connection: P) -> Self
    where
        P: Reached<Via, Client = Connection> + Send + Sync + 'static,
        Via: 'static,
    {
        Self {
            connection: Box::new(Held::new(connection)),
            settings: Settings::default(),
            memory: Memory::default(),
        }
    }

    /// Looks at a queue, too, without declaring it. Default: at none.
    #[must_use]
    pub fn with_queue(mut self, queue: Queue) -> Self {
        self.settings.queue = Some(queue);
        self
    }

    /// Whether to publish a message to a queue of its own, and to get it back. Default: no.
    ///
    /// The queue has a name that begins with `health.`, which the user of the connection has to be
    /// allowed to configure, write and read. It is exclusive, deleted by each run, and by the
    /// server a minute after a run that could not do so. While the server is short of memory or
    /// disk space it blocks connections that publish, hence this one: do not ask for it on a
    /// connection that else only consumes.
    #[must_use]
    pub fn with_round_trip(mut self, round_trip: bool) -> Self {
        self.settings.round_trip = round_trip.then(RoundTrip::new);
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        look(self.connection.client(), &self.settings, &self.memory).await
    }

    /// A check of the name `rabbitmq`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("rabbitmq", TIMEOUT, self, async |server| {
            server.ping().await
        })
    }
}

impl fmt::Debug for Rabbitmq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rabbitmq")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Reached<Itself> for Connection {
    type Client = Self;

    fn client(&self) -> &Self {
        self
    }
}

async fn look(connection: &Connection, settings: &Settings, memory: &Memory) -> Outcome {
    let mut measured = Measured::default();
    let found = ask(connection, settings, memory, &mut measured).await;
    measured.told(found)
}

async fn ask(
    connection: &Connection,
    settings: &Settings,
    memory: &Memory,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    let (budget, status) = (Budget::begin(TIMEOUT), connection.status());
    words::usable(status)?;
    let channel = memory
        .channel
        .asked(connection, budget.first(None), measured)
        .await?;
    if let Some(refusal) = memory.refusals.standing() {
        return Err(refusal);
    }
    let found = look_closer(&channel, memory, &budget, settings, status, measured).await;
    let refused = status.connected() && !channel.status().connected();
    memory
        .refusals
        .note(found.as_ref().err().filter(|_| refused));
    found
}

/// Looks at all that was asked for beside the channel itself.
async fn look_closer(
    channel: &Channel,
    memory: &Memory,
    budget: &Budget,
    settings: &Settings,
    status: &ConnectionStatus,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    if let Some(round_trip) = &settings.round_trip {
        let made = budget
            .first(None)
            .of(round_trip.made(channel, &memory.turn))
            .await;
        let (wrong, took) = words::answered(made, status)?;
        measured.time("round_trip_ms", took);
        if let Some(wrong) = wrong {
            return Err(Failure::new(wrong));
        }
    }
    match &settings.queue {
        Some(queue) => {
            queue
                .look(channel, &memory.turn, budget.first(None), status, measured)
                .await
        }
        None => Ok(Outcome::healthy()),
    }
}
