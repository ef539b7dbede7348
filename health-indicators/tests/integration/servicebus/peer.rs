//! A peer that speaks what Azure Service Bus does on a management node, and fails on request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fe2o3_amqp::acceptor::{
    ConnectionAcceptor, LinkAcceptor, LinkEndpoint, ListenerConnectionHandle,
    ListenerSessionHandle, SessionAcceptor,
};
use fe2o3_amqp::types::definitions::{AmqpError, Error, ErrorCondition};
use fe2o3_amqp::types::messaging::{ApplicationProperties, Body, Message, Properties};
use fe2o3_amqp::types::primitives::{Symbol, Value};
use fe2o3_amqp::{Receiver, Sender};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// What it does with each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Answers with this status and condition.
    Status(i32, Option<&'static str>),
    /// Answers somebody else, and then without a status.
    NoStatus,
    /// Closes the link over which it came, because of this.
    Close(&'static str),
    /// Detaches the link over which it came, without a word.
    Detach,
    /// Ends the session.
    EndSession,
    /// Closes the connection.
    CloseConnection,
    /// Says nothing.
    Silent,
}

/// See the module. Ends with its value.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    way: watch::Sender<Way>,
    counts: Arc<Counts>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    links: AtomicUsize,
    requests: AtomicUsize,
}

impl Peer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = watch::Sender::new(Way::Status(204, None));
        let counts = Arc::<Counts>::default();
        let server = Server {
            way: way.subscribe(),
            counts: Arc::clone(&counts),
        };
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(server.clone().connection(stream));
            }
        });
        Self {
            address,
            way,
            counts,
            listening,
        }
    }

    pub(super) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    pub(super) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    pub(super) fn links(&self) -> usize {
        self.counts.links.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[derive(Clone)]
struct Server {
    way: watch::Receiver<Way>,
    counts: Arc<Counts>,
}

/// What a link asks of its session, or a session of its connection.
enum Asked {
    Answer(Box<Message<Body<Value>>>, Way),
    End,
    Close,
}

impl Server {
    async fn connection(self, stream: TcpStream) {
        let acceptor = ConnectionAcceptor::new("peer");
        let Ok(mut connection) = acceptor.accept(stream).await else {
            return;
        };
        self.counts.connections.fetch_add(1, Ordering::SeqCst);
        let (close, mut closes) = mpsc::channel(1);
        loop {
            tokio::select! {
                session = next_session(&mut connection) => match session {
                    Some(session) => drop(tokio::spawn(self.clone().session(session, close.clone()))),
                    None => return,
                },
                Some(()) = closes.recv() => {
                    let _closed = connection.close().await;
                    return;
                }
            }
        }
    }

    async fn session(self, mut session: ListenerSessionHandle, close: mpsc::Sender<()>) {
        let (ask, mut asked) = mpsc::channel(16);
        let mut answers = HashMap::<String, Sender>::new();
        loop {
            tokio::select! {
                attach = session.next_incoming_attach() => {
                    let Some(attach) = attach else { return };
                    self.counts.links.fetch_add(1, Ordering::SeqCst);
                    let acceptor = LinkAcceptor::new();
                    let attached = acceptor.accept_incoming_attach(attach, &mut session).await;
                    match attached.unwrap() {
                        LinkEndpoint::Receiver(link) => {
                            drop(tokio::spawn(self.clone().requests(link, ask.clone())));
                        }
                        LinkEndpoint::Sender(link) => {
                            let target = link.target().clone().unwrap();
                            answers.insert(target.address.unwrap(), link);
                        }
                    }
                }
                Some(asked) = asked.recv() => match asked {
                    Asked::Answer(request, way) => answer(&mut answers, *request, way).await,
                    Asked::End => {
                        let _ended = session.end().await;
                        return;
                    }
                    Asked::Close => {
                        let _told = close.send(()).await;
                    }
                }
            }
        }
    }

    async fn requests(self, mut link: Receiver, ask: mpsc::Sender<Asked>) {
        while let Ok(delivery) = link.recv::<Body<Value>>().await {
            self.counts.requests.fetch_add(1, Ordering::SeqCst);
            let message = delivery.into_message();
            assert!(is_valid(&message), "{message:?}");
            let way = self.way.borrow().clone();
            let asked = match way {
                Way::Silent => continue,
                Way::Close(condition) => {
                    let condition = condition_of(condition);
                    let error = Error::new(condition, "secret-key".to_owned(), None);
                    let _closed = link.close_with_error(error).await;
                    return;
                }
                Way::Detach => {
                    let _detached = link.detach().await;
                    return;
                }
                Way::EndSession => Asked::End,
                Way::CloseConnection => Asked::Close,
                way => Asked::Answer(Box::new(message), way),
            };
            let _told = ask.send(asked).await;
        }
    }
}

async fn next_session(connection: &mut ListenerConnectionHandle) -> Option<ListenerSessionHandle> {
    let session = connection.next_incoming_session().await?;
    let acceptor = SessionAcceptor::new();
    let accepted = acceptor.accept_incoming_session(session, connection).await;
    accepted.ok()
}

/// As the operations of Azure Service Bus want it.
fn is_valid(message: &Message<Body<Value>>) -> bool {
    let properties = message.application_properties.as_ref();
    let operation = properties.and_then(|all| all.0.get("operation"));
    let operation = operation.map(|operation| format!("{operation:?}"));
    let Body::Value(body) = &message.body else {
        return false;
    };
    let Value::Map(body) = &body.0 else {
        return false;
    };
    let of = |name: &str| body.get(&Value::String(name.to_owned())).cloned();
    operation.is_some_and(|operation| operation.contains("\"com.microsoft:peek-message\""))
        && matches!(of("from-sequence-number"), Some(Value::Long(_)))
        && matches!(of("message-count"), Some(Value::Int(_)))
}

async fn answer(answers: &mut HashMap<String, Sender>, request: Message<Body<Value>>, way: Way) {
    let about = request.properties.unwrap();
    let to = about.reply_to.unwrap();
    let link = answers.get_mut(&to).unwrap();
    let properties = Properties::builder().correlation_id(about.message_id.clone().unwrap());
    let mut said = ApplicationProperties::builder();
    match way {
        Way::Status(code, condition) => {
            said = said.insert("statusCode", code);
            said = said.insert("statusDescription", "secret-key".to_owned());
            if let Some(condition) = condition {
                said = said.insert("errorCondition", Symbol::from(condition));
            }
        }
        _ => {
            let other = Message::builder()
                .properties(Properties::builder().correlation_id(u64::MAX).build())
                .application_properties(
                    ApplicationProperties::builder()
                        .insert("statusCode", 500)
                        .build(),
                )
                .value(Value::Null)
                .build();
            let _sent = link.send(other).await;
        }
    }
    let message = Message::builder()
        .properties(properties.build())
        .application_properties(said.build())
        .value(Value::Null)
        .build();
    let _sent = link.send(message).await;
}

fn condition_of(condition: &str) -> ErrorCondition {
    match AmqpError::try_from(condition) {
        Ok(error) => error.into(),
        Err(_) => ErrorCondition::Custom(Symbol::from(condition)),
    }
}
