mod peer;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fe2o3_amqp::connection::ConnectionHandle;
use fe2o3_amqp::session::SessionHandle;
use fe2o3_amqp::{Connection, Session};
use health_core::Status;
use health_indicators::servicebus::{self, ServiceBus};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use self::peer::{Peer, Way};
use crate::support::{Fault, Faults, Probes, Proxy};

const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let peer = Peer::start().await;
    let mut proxy = Proxy::to(peer.address).await;
    let application = Application::start(&proxy).await;
    let probes = Probes::of(servicebus::check(application.bus.clone()));
    let mut faults = Faults::of("Azure Service Bus");
    faults.play(&mut proxy, &probes, GARBAGE).await;
    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    for (fault, way) in [
        ("messages there", Way::Status(200, None)),
        ("status 400", Way::Status(400, None)),
        ("status 401", Way::Status(401, None)),
        ("status 403", Way::Status(403, None)),
        ("status 404", Way::Status(404, None)),
        ("status 429", Way::Status(429, None)),
        ("status 500", Way::Status(500, None)),
        ("status 503", Way::Status(503, None)),
        (
            "server busy",
            Way::Status(503, Some("com.microsoft:server-busy")),
        ),
        (
            "entity disabled",
            Way::Status(400, Some("com.microsoft:entity-disabled")),
        ),
        ("answers without a status", Way::NoStatus),
        (
            "link not authorised",
            Way::Close("amqp:unauthorized-access"),
        ),
        ("link not found", Way::Close("amqp:not-found")),
        ("link closed each time", Way::Close("amqp:internal-error")),
        ("link detached each time", Way::Detach),
        ("no answer", Way::Silent),
    ] {
        peer.set(way);
        let entry = faults.observe(fault, &probes, count).await;
        let public = entry.message().unwrap_or_default();
        assert!(!public.contains("secret-key"), "{public}");
        peer.set(Way::Status(204, None));
    }
    faults.recovers("no answer", &probes).await;
    for (fault, way) in [
        ("session ended", Way::EndSession),
        ("connection closed", Way::CloseConnection),
    ] {
        peer.set(way);
        faults.observe(fault, &probes, count).await;
        peer.set(Way::Status(204, None));
        faults.recovers(fault, &probes).await;
    }
    assert_eq!(peer.connections(), accepted.load(Ordering::SeqCst) - 2);
    faults.finish();
}

/// Two links serve all runs; those that were closed in between are opened again at once.
#[tokio::test]
async fn links_are_kept() {
    let peer = Peer::start().await;
    let (_connection, session) = connect(peer.address).await.unwrap();
    let bus = ServiceBus::new(session, "orders");
    for _ in 0..20 {
        let outcome = bus.ping().await;
        assert_eq!(outcome.status(), Status::Healthy, "{outcome:?}");
    }
    assert_eq!((peer.links(), peer.requests()), (2, 20));
    peer.set(Way::Detach);
    assert_eq!(
        bus.ping().await.message(),
        Some("link closed by the server")
    );
    assert_eq!(peer.links(), 4);
    peer.set(Way::Status(204, None));
    assert_eq!(bus.ping().await.status(), Status::Healthy);
    assert_eq!((peer.links(), peer.connections()), (6, 1));
}

/// Whatever was dropped midway, the session lives, and requests do not pile up.
#[tokio::test]
async fn what_is_dropped_leaves_the_session_alone() {
    let peer = Peer::start().await;
    let proxy = Proxy::to(peer.address).await;
    let (connection, session) = connect(proxy.address()).await.unwrap();
    let bus = ServiceBus::new(session, "orders");
    for microseconds in 0..100 {
        let _gone = timeout(Duration::from_micros(20 * microseconds), bus.ping()).await;
    }
    assert_eq!(bus.ping().await.status(), Status::Healthy);
    assert_eq!(peer.links(), 2);
    let before = peer.requests();
    proxy.set(Fault::Frozen);
    for _ in 0..100 {
        let gone = timeout(Duration::from_millis(2), bus.ping()).await;
        assert!(gone.is_err());
    }
    proxy.set(Fault::None);
    assert_eq!(bus.ping().await.status(), Status::Healthy);
    assert_eq!(peer.requests() - before, 2);
    assert!(!connection.is_closed());
}

/// Asked for the first time while nothing is answered, it has to wait with attaching its links.
#[tokio::test]
async fn links_are_opened_once_however_long_it_takes() {
    let peer = Peer::start().await;
    let proxy = Proxy::to(peer.address).await;
    let (connection, session) = connect(proxy.address()).await.unwrap();
    let bus = ServiceBus::new(session, "orders");
    proxy.set(Fault::Frozen);
    for _ in 0..20 {
        let gone = timeout(Duration::from_millis(5), bus.ping()).await;
        assert!(gone.is_err());
    }
    proxy.set(Fault::None);
    assert_eq!(bus.ping().await.status(), Status::Healthy);
    assert_eq!((peer.links(), peer.requests()), (2, 2));
    assert!(!connection.is_closed());
}

/// A peer may never answer that links are to be attached, which cannot be asked for again.
#[tokio::test]
async fn a_session_on_which_nothing_is_attached_is_given_up() {
    let peer = Peer::start().await;
    let proxy = Proxy::to(peer.address).await;
    let (_connection, session) = connect(proxy.address()).await.unwrap();
    let bus = ServiceBus::new(session, "orders");
    proxy.set(Fault::Frozen);
    tokio::time::pause();
    assert_eq!(bus.ping().await.status(), Status::Unhealthy);
    assert!(!bus.needs_session());
    sleep(Duration::from_secs(60)).await;
    assert!(bus.needs_session());
    assert_eq!(bus.ping().await.status(), Status::Unhealthy);
    tokio::time::resume();
    let (_connection, session) = connect(peer.address).await.unwrap();
    bus.set_session(session);
    assert_eq!(bus.ping().await.status(), Status::Healthy);
}

/// A session that answers no more is not in the way of one that does.
#[tokio::test]
async fn another_session_is_asked_at_once() {
    let peer = Peer::start().await;
    let proxy = Proxy::to(peer.address).await;
    let (_frozen, session) = connect(proxy.address()).await.unwrap();
    let bus = ServiceBus::new(session, "orders");
    assert_eq!(bus.ping().await.status(), Status::Healthy);
    proxy.set(Fault::Frozen);
    let gone = timeout(Duration::from_millis(50), bus.ping()).await;
    assert!(gone.is_err());
    let (_connection, session) = connect(peer.address).await.unwrap();
    bus.set_session(session);
    assert_eq!(bus.ping().await.status(), Status::Healthy);
}

async fn connect(
    to: SocketAddr,
) -> Result<(ConnectionHandle<()>, SessionHandle<()>), Box<dyn std::error::Error + Send + Sync>> {
    let url = format!("amqp://{to}");
    let opening = Connection::open("health", url.as_str());
    let mut connection = timeout(Duration::from_secs(1), opening).await??;
    let session = timeout(Duration::from_secs(1), Session::begin(&mut connection)).await??;
    Ok((connection, session))
}

/// An application that connects again when it has to: at once, then whenever the proxy changes.
struct Application {
    bus: ServiceBus,
    task: JoinHandle<()>,
}

impl Application {
    async fn start(proxy: &Proxy) -> Self {
        let (mut connection, session) = connect(proxy.address()).await.unwrap();
        let bus = ServiceBus::new(session, "orders");
        let (told, to, mut changes) = (bus.clone(), proxy.address(), proxy.changes());
        let task = tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(10)).await;
                if connection.is_closed() || told.needs_session() {
                    connection = again(&told, to, &mut changes).await;
                }
            }
        });
        Self { bus, task }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn again(
    bus: &ServiceBus,
    to: SocketAddr,
    changes: &mut watch::Receiver<(Fault, u64)>,
) -> ConnectionHandle<()> {
    loop {
        changes.mark_unchanged();
        if let Ok((connection, session)) = connect(to).await {
            bus.set_session(session);
            return connection;
        }
        let _either = timeout(Duration::from_millis(900), changes.changed()).await;
    }
}
