//! Azure Service Bus, over a session of fe2o3-amqp.
//!
//! fe2o3-amqp does not connect again by itself: the application does, and begins a session for the
//! check on each connection that it makes.
//!
//! ```no_run
//! use fe2o3_amqp::{Connection, Session};
//! use health_core::HealthBuilder;
//! use health_indicators::servicebus::ServiceBus;
//!
//! # async fn shown() -> Result<(), Box<dyn std::error::Error>> {
//! # let url = "amqp://localhost";
//! let mut connection = Connection::open("orders", url).await?;
//! let session = Session::begin(&mut connection).await?;
//! let bus = ServiceBus::new(session, "orders");
//!
//! let health = HealthBuilder::empty()
//!     .check(bus.clone().check().readiness())
//!     .build()?;
//!
//! // In the loop in which the application looks after its connection:
//! if connection.is_closed() || bus.needs_session() {
//!     connection = Connection::open("orders", url).await?;
//!     bus.set_session(Session::begin(&mut connection).await?);
//! }
//! # Ok(())
//! # }
//! ```

mod links;
mod words;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fe2o3_amqp::session::SessionHandle;
use health_core::{Check, Outcome};

use self::links::{Answer, Links};
use crate::budget::Budget;
use crate::failure::Failure;
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the management node of an entity to peek no message.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::servicebus::{self, ServiceBus};
///
/// /// The queue of orders is there.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn orders(queue: State<ServiceBus>) -> Outcome {
///     servicebus::ping(&queue).await
/// }
/// ```
///
/// See [`ServiceBus`] for what it says.
pub async fn ping(entity: &ServiceBus) -> Outcome {
    entity.ping().await
}

/// A check of the name `servicebus`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(entity: ServiceBus) -> Check {
    entity.check()
}

/// A queue, topic or subscription of Azure Service Bus, by a session of the check's own on the
/// application's connection. Clones are the same.
///
/// The first run opens two links, which are kept; links that the server has closed meanwhile are
/// opened again. The entity needs the claim `Listen`, which is left to the application: by SASL, or
/// by a token put to `$cbs`. Where a request is not answered, none follows it on the same session
/// for ten seconds.
///
/// | public message | when |
/// |---|---|
/// | `connection closed by the server, the application has to connect again`, or without `by the server` | it was, and [`set_session`](Self::set_session) was not called since |
/// | `session ended by the server`, `session ended` | so it is with the session |
/// | `connected, but no answer within 1900 ms` | nothing comes from the server |
/// | `credentials rejected` | status 401, or the like |
/// | `permission denied` | status 403 |
/// | `entity not found` | status 404 or 410, or the like |
/// | `entity disabled` | the server says so |
/// | `throttled by the server` | status 429, or it says that it is busy |
/// | `the server is not available` | status 503 |
/// | `the server reports an error` | another status |
/// | `link closed by the server` | as often as it is opened |
/// | `unexpected answer` | something that has no status |
///
/// Status 400 counts as healthy: the server has let the request through to the entity, and only does
/// not care for one of no messages.
///
/// Measured values: `query_ms`, `status_code`.
#[derive(Clone)]
pub struct ServiceBus {
    entity: Arc<str>,
    links: Arc<Mutex<Arc<Links>>>,
}

impl ServiceBus {
    /// An entity in a session that nobody else uses: `orders`, `events`,
    /// `events/Subscriptions/billing`.
    pub fn new(session: SessionHandle<()>, entity: impl Into<String>) -> Self {
        Self {
            entity: entity.into().into(),
            links: Arc::new(Mutex::new(Arc::new(Links::new(session)))),
        }
    }

    /// From now on, asks in this session: the application has connected again.
    pub fn set_session(&self, session: SessionHandle<()>) {
        let links = Arc::new(Links::new(session));
        let before = {
            let mut now = self.links.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *now, links)
        };
        drop(before);
    }

    /// Whether a run found that the session or its connection has ended, or that the server has not
    /// let it attach its links within 10 s: then all others will, until there is another.
    pub fn needs_session(&self) -> bool {
        self.links().has_ended()
    }

    /// Asks it. Needs a Tokio runtime.
    pub async fn ping(&self) -> Outcome {
        let mut measured = Measured::default();
        let found = self.ask(&mut measured).await;
        measured.told(found)
    }

    /// A check of the name `servicebus`, with a timeout of [`TIMEOUT`]. It serves no probe until
    /// told which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("servicebus", TIMEOUT, self, async |entity| {
            entity.ping().await
        })
    }

    fn links(&self) -> Arc<Links> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&links)
    }

    async fn ask(&self, measured: &mut Measured) -> Result<Outcome, Failure> {
        let links = self.links();
        let budget = Budget::begin(TIMEOUT);
        let asking = budget.rest().of(links.ask(&self.entity)).await;
        let (answer, _) = asking.map_err(Failure::no_answer)?;
        let Answer { took, status } = answer?;
        measured.time("query_ms", took);
        if let Some(code) = status.code {
            measured.add("status_code", code);
        }
        match words::of_status(&status) {
            None => Ok(Outcome::healthy()),
            Some(words) => Err(Failure::because(words, status.to_string())),
        }
    }
}

impl fmt::Debug for ServiceBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBus").finish_non_exhaustive()
    }
}
