use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fe2o3_amqp::session::SessionHandle;
use fe2o3_amqp::types::definitions::SenderSettleMode;
use fe2o3_amqp::types::messaging::{
    AmqpValue, ApplicationProperties, Body, Message, MessageId, Properties, Source, Target,
};
use fe2o3_amqp::types::primitives::{OrderedMap, Value};
use fe2o3_amqp::{Receiver, Sender};
use futures_util::future::{Either, select};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use super::words::{Broken, Next, Status};
use crate::failure::Failure;

/// How long to wait for the answer to a request, before its links are given up; or for its links,
/// before the session is.
const GIVEN_UP: Duration = Duration::from_secs(10);

/// A session, and the links to the management node that it has.
///
/// A request is a task of its own, which ends with its answer and not with the run: attaching a link
/// must not be dropped midway, for the session ends with an error when the answer finds nobody. A
/// run that comes while it waits, waits with it.
#[derive(Debug)]
pub(super) struct Links {
    held: Arc<Mutex<Held>>,
    has_ended: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Held {
    session: SessionHandle<()>,
    open: Option<Open>,
    /// Makes names unique.
    token: u64,
    opened: u64,
}

/// The pair of links.
#[derive(Debug)]
struct Open {
    sender: Sender,
    receiver: Receiver,
    reply_to: String,
    requests: u64,
}

/// What came back, and when.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) took: Duration,
    pub(super) status: Status,
}

impl Links {
    pub(super) fn new(session: SessionHandle<()>) -> Self {
        let held = Held {
            session,
            open: None,
            token: RandomState::new().build_hasher().finish(),
            opened: 0,
        };
        Self {
            held: Arc::new(Mutex::new(held)),
            has_ended: Arc::default(),
        }
    }

    /// Whether the session was found to have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    pub(super) async fn ask(&self, entity: &str) -> Result<Answer, Failure> {
        let held = Arc::clone(&self.held).lock_owned().await;
        let (has_ended, entity) = (Arc::clone(&self.has_ended), entity.to_owned());
        let asking = tokio::spawn(async move {
            let answer = asked(held, entity).await;
            if let Err(Broken { next, .. }) = &answer {
                has_ended.fetch_or(*next == Next::Session, Ordering::Relaxed);
            }
            answer
        });
        let asked = asking.await;
        let answer = asked.map_err(|error| Failure::because("request given up", error))?;
        answer.map_err(|broken| broken.failure)
    }
}

/// Links that were closed while they were idle say nothing of the server: then new ones are asked.
async fn asked(mut held: OwnedMutexGuard<Held>, entity: String) -> Result<Answer, Broken> {
    let kept = held.open.take();
    let is_kept = kept.is_some();
    match held.ask_over(kept, &entity).await {
        Err(broken) if is_kept && broken.next == Next::Links => held.ask_over(None, &entity).await,
        answer => answer,
    }
}

impl Held {
    /// The links are kept only where they have answered.
    async fn ask_over(&mut self, open: Option<Open>, entity: &str) -> Result<Answer, Broken> {
        let mut open = match open {
            Some(open) => open,
            None => self.opened(&format!("{entity}/$management")).await?,
        };
        let began = Instant::now();
        let request = timeout_at(began + GIVEN_UP, open.request()).await;
        let status = request.map_err(|_| Broken::given_up(Next::Run))??;
        self.open = Some(open);
        Ok(Answer {
            took: began.elapsed(),
            status,
        })
    }

    /// What is attached cannot be taken back: where nothing comes of it, another session is needed.
    async fn opened(&mut self, node: &str) -> Result<Open, Broken> {
        let opening = timeout_at(Instant::now() + GIVEN_UP, self.open(node)).await;
        opening.unwrap_or_else(|_| Err(Broken::given_up(Next::Session)))
    }

    async fn open(&mut self, node: &str) -> Result<Open, Broken> {
        self.opened += 1;
        let name = format!("health-{:016x}-{}", self.token, self.opened);
        let sender = Sender::builder()
            .name(format!("{name}-request"))
            .source(Source::builder().address(name.as_str()).build())
            .target(Target::builder().address(node).build())
            .sender_settle_mode(SenderSettleMode::Settled)
            .attach(&mut self.session)
            .await?;
        let receiver = Receiver::builder()
            .name(format!("{name}-answer"))
            .source(Source::builder().address(node).build())
            .target(Target::builder().address(name.as_str()).build())
            .sender_settle_mode(SenderSettleMode::Settled)
            .auto_accept(true)
            .attach(&mut self.session)
            .await?;
        Ok(Open {
            sender,
            receiver,
            reply_to: name,
            requests: 0,
        })
    }
}

impl Open {
    /// What the node says to a request. Where the request is refused, the link for requests may be
    /// the only one that tells.
    async fn request(&mut self) -> Result<Status, Broken> {
        self.requests += 1;
        let id = MessageId::Ulong(self.requests);
        let request = peek_nothing(id.clone(), &self.reply_to);
        self.sender.send(request).await?;
        let answered = pin!(answer(&mut self.receiver, &id));
        let refused = pin!(self.sender.on_detach());
        match select(answered, refused).await {
            Either::Left((answer, _)) => answer,
            Either::Right((error, _)) => Err(error.into()),
        }
    }
}

/// The answer to this request, past what comes too late to earlier ones.
async fn answer(receiver: &mut Receiver, id: &MessageId) -> Result<Status, Broken> {
    loop {
        let message = receiver.recv::<Body<Value>>().await?.into_message();
        let to = message.properties.and_then(|about| about.correlation_id);
        if to.is_none_or(|to| to == *id) {
            return Ok(Status::of(message.application_properties.as_ref()));
        }
    }
}

/// `com.microsoft:peek-message`, of the request-response-based operations of Azure Service Bus.
fn peek_nothing(id: MessageId, reply_to: &str) -> Message<AmqpValue<OrderedMap<String, Value>>> {
    let mut body = OrderedMap::new();
    body.insert("from-sequence-number".to_owned(), Value::Long(0));
    body.insert("message-count".to_owned(), Value::Int(0));
    let about = Properties::builder().message_id(id).reply_to(reply_to);
    let operation = ApplicationProperties::builder()
        .insert("operation", "com.microsoft:peek-message".to_owned())
        .build();
    Message::builder()
        .properties(about.build())
        .application_properties(operation)
        .value(body)
        .build()
}
