//! Kafka, over a client of rskafka.
//!
//! ```no_run
//! # fn shown(client: std::sync::Arc<rskafka::client::Client>) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::kafka;
//!
//! let health = HealthBuilder::empty()
//!     .check(kafka::check(client).readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

mod partition;
mod round_trip;
mod words;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Outcome};
use rskafka::client::Client;
use rskafka::client::partition::PartitionClient;

pub use self::partition::Partition;
use crate::budget::{Budget, Step};
use crate::failure::Failure;
use crate::measured::Measured;
use crate::reached::{Held, Holds, Itself, Reached};
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks a broker which topics there are.
///
/// `client` is a `rskafka::client::Client`, or what dereferences to one: `Arc<Client>`,
/// `web::Data<Client>`, `State<Client>`.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::kafka;
///
/// /// The brokers of the orders answer.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn orders(client: State<rskafka::client::Client>) -> Outcome {
///     kafka::ping(&client).await
/// }
/// ```
///
/// See [`Kafka`] for what it says.
pub async fn ping<P, Via>(client: &P) -> Outcome
where
    P: Reached<Via, Client = Client>,
{
    look(client.client(), &Settings::default()).await
}

/// A check of the name `kafka`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check<P, Via>(client: P) -> Check
where
    P: Reached<Via, Client = Client> + Send + Sync + 'static,
    Via: 'static,
{
    Kafka::new(client).check()
}

/// A Kafka cluster, as a client of rskafka reaches it.
///
/// | public message | when |
/// |---|---|
/// | `no answer within 1425 ms` | no broker is reached, or none answers: rskafka tries again and again, and tells no more |
/// | `connection refused` and the like | nothing listens at any of the addresses that were told by [`with_brokers`](Self::with_brokers), or the network fails |
/// | `connected, but no answer within 1425 ms` | one of these accepts connections |
/// | `credentials rejected`, `permission denied` | a broker says so |
/// | `topic not found`, `topic has 1 partitions, fewer than 3` | as told by [`with_topic`](Self::with_topic) |
/// | `no answer of the partition's leader within 475 ms` | there is none, or it does not answer |
/// | `1200 records behind, more than 1000` | as told by [`Partition`]; of a child that is named after the partition |
/// | `produced record not delivered` | as told by [`with_round_trip`](Self::with_round_trip) |
///
/// Measured values: `query_ms`, `topics`, `partitions` of the topic, `round_trip_ms`, and of each
/// partition `high_watermark`, `position` and `lag`.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use std::sync::atomic::{AtomicI64, Ordering};
/// # use rskafka::client::{Client, partition::PartitionClient};
/// # fn shown(client: Arc<Client>, orders: Arc<PartitionClient>) -> health_core::Check {
/// use health_indicators::kafka::{Kafka, Partition};
///
/// // What consumes the partition stores where it is.
/// let next = Arc::new(AtomicI64::new(0));
/// let lag = Partition::new(orders)
///     .with_position(move || next.load(Ordering::Relaxed))
///     .with_degraded_above(1_000);
/// Kafka::new(client)
///     .with_topic("orders", 3)
///     .with_partition(lag)
///     .check()
///     .readiness()
/// # }
/// ```
///
/// rskafka knows one request for topics, which asks for all of them.
pub struct Kafka {
    client: Box<dyn Holds<Client>>,
    settings: Settings,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    brokers: Vec<String>,
    topic: Option<(Cow<'static, str>, usize)>,
    partitions: Vec<Partition>,
    round_trip: Option<Arc<PartitionClient>>,
}

impl Kafka {
    /// That which is reached through `client`; for its types see [`ping`].
    pub fn new<P, Via>(client: P) -> Self
    where
        P: Reached<Via, Client = Client> + Send + Sync + 'static,
        Via: 'static,
    {
        Self {
            client: Box::new(Held::new(client)),
            settings: Settings::default(),
        }
    }

    /// Addresses of brokers, `host:port`, as the client was given. Default: none.
    ///
    /// They are connected to only where no answer comes, to say why.
    #[must_use]
    pub fn with_brokers<B: Into<String>>(mut self, brokers: impl IntoIterator<Item = B>) -> Self {
        self.settings.brokers = brokers.into_iter().map(Into::into).collect();
        self
    }

    /// A topic that has to be there, with at least so many partitions. Default: none.
    #[must_use]
    pub fn with_topic(mut self, name: impl Into<Cow<'static, str>>, partitions: usize) -> Self {
        self.settings.topic = Some((name.into(), partitions));
        self
    }

    /// Looks at a partition, too. May be called for each of several. Default: at none.
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.settings.partitions.push(partition);
        self
    }

    /// Produces a record to this partition, and fetches it. Default: to none.
    ///
    /// The topic is to be one of its own, of a short retention: the records stay there.
    #[must_use]
    pub fn with_round_trip(mut self, partition: Arc<PartitionClient>) -> Self {
        self.settings.round_trip = Some(partition);
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        look(self.client.client(), &self.settings).await
    }

    /// A check of the name `kafka`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("kafka", TIMEOUT, self, async |cluster| cluster.ping().await)
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kafka").finish_non_exhaustive()
    }
}

impl Reached<Itself> for Client {
    type Client = Self;

    fn client(&self) -> &Self {
        self
    }
}

async fn look(client: &Client, settings: &Settings) -> Outcome {
    let mut measured = Measured::default();
    let found = ask(client, settings, &mut measured).await;
    measured.told(found)
}

async fn ask(
    client: &Client,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    let budget = Budget::begin(TIMEOUT);
    topics(client, budget.first(None), settings, measured).await?;
    if let Some(partition) = &settings.round_trip {
        let step = budget.first(None);
        measured.time("round_trip_ms", round_trip::made(partition, step).await?);
    }
    partition::all(&settings.partitions, budget.rest()).await
}

async fn topics(
    client: &Client,
    step: Step,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), Failure> {
    let (topics, took) = match step.of(client.list_topics()).await {
        Ok((topics, took)) => (topics.map_err(words::failure)?, took),
        Err(limit) => return Err(words::why_none(&settings.brokers, limit).await),
    };
    measured.time("query_ms", took);
    measured.add("topics", topics.len());
    let Some((name, least)) = &settings.topic else {
        return Ok(());
    };
    let topic = topics.iter().find(|topic| topic.name == *name);
    let partitions = topic
        .ok_or_else(|| Failure::new("topic not found"))?
        .partitions
        .len();
    measured.add("partitions", partitions);
    match partitions < *least {
        true => Err(Failure::new(format!(
            "topic has {partitions} partitions, fewer than {least}"
        ))),
        false => Ok(()),
    }
}
