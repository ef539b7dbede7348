use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use health_core::{Status, Value};
use health_indicators::nats::{self, Events, Nats};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{Fault, Faults, Probes, Program, Proxy, Service, told};

const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

/// Connects again at once, then only now and then, so that this can be told from what probes cause.
fn options() -> ConnectOptions {
    ConnectOptions::new().reconnect_delay_callback(|attempts| match attempts {
        0 | 1 => Duration::ZERO,
        _ => Duration::from_millis(900),
    })
}

async fn connect(to: SocketAddr) -> Client {
    options().connect(to.to_string()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let Some(server) = Service::NATS.address() else {
        return;
    };
    let Some(mut own) = Server::start("nats-faults", USERS).await else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let probes = Probes::of(nats::check(connect(proxy.address()).await));
    let mut faults = Faults::of("NATS");
    faults.play(&mut proxy, &probes, GARBAGE).await;

    let silent = options().no_echo().connect(proxy.address().to_string());
    let probes = Probes::of(nats::check(silent.await.unwrap()));
    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    faults
        .observe("a client without echo", &probes, count)
        .await;

    let may = own.client("some", "password").await;
    let probes = Probes::of(nats::check(may.clone()));
    faults
        .observe("own server", &probes, async || own.connections().await)
        .await;
    own.program.stop();
    let entry = probes.at_once(200).await;
    faults.add("own server stopped", &told(&entry), "");
    own.program.restart().await;
    faults.recovers("own server stopped", &probes).await;

    may.drain().await.unwrap();
    let drained = probes.until(Status::Unhealthy).await;
    faults.add("client drained", &told(&drained), "");

    full(&mut faults, &mut proxy).await;
    permissions(&mut faults, &own).await;
    jetstream(&mut faults, &own).await;
    not_connected(&mut faults, &own).await;
    faults.finish();
}

/// What the application publishes does not get away.
async fn full(faults: &mut Faults, proxy: &mut Proxy) {
    let options = options().client_capacity(1);
    let client = options.connect(proxy.address().to_string()).await.unwrap();
    let probes = Probes::of(nats::check(client.clone()));
    proxy.set(Fault::Frozen);
    let publishing = tokio::spawn(async move {
        loop {
            let payload = vec![0; 512 * 1024].into();
            client.publish("health.orders", payload).await.unwrap();
        }
    });
    sleep(Duration::from_secs(1)).await;
    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    faults
        .observe("queue of the client full", &probes, count)
        .await;
    publishing.abort();
    proxy.set(Fault::None);
    faults.recovers("queue of the client full", &probes).await;
}

/// What the server refuses is told only to the client's event callback.
async fn permissions(faults: &mut Faults, own: &Server) {
    let events = Events::new();
    let options = options().event_callback(events.callback());
    let options = options.user_and_password("reader".into(), "password".into());
    let client = options.connect(own.address()).await.unwrap();
    let with = Nats::new(client.clone()).with_events(events);
    let count = async || own.connections().await;
    for (fault, check) in [
        ("may not publish there", Nats::new(client)),
        ("may not publish there, with events", with.clone()),
        (
            "may publish under a prefix",
            with.clone().with_subject_prefix("health.orders"),
        ),
        (
            "a prefix that is none",
            with.with_subject_prefix("health..orders"),
        ),
    ] {
        let probes = Probes::of(check.check());
        faults.observe(fault, &probes, count).await;
    }
}

/// Why it is not connected is told only to the client's event callback, too.
async fn not_connected(faults: &mut Faults, own: &Server) {
    let (port, name) = (own.address(), "nats.invalid:4222".to_owned());
    for (fault, to) in [("wrong credentials", port), ("name not in the DNS", name)] {
        let events = Events::new();
        let options = options().event_callback(events.callback());
        let options = options.user_and_password("nobody".into(), "wrong".into());
        let client = options.retry_on_initial_connect().connect(to).await;
        let client = client.unwrap();
        let with = Nats::new(client.clone()).with_events(events);
        sleep(Duration::from_millis(500)).await;
        for (also, check) in [("", Nats::new(client)), (", with events", with)] {
            let entry = Probes::of(check.check()).at_once(200).await;
            faults.add(&format!("{fault}{also}"), &told(&entry), "");
        }
    }
}

async fn jetstream(faults: &mut Faults, own: &Server) {
    let check = |client| Nats::new(client).with_jetstream().check();
    let with = Probes::of(check(own.client("some", "password").await));
    let without = Probes::of(check(own.client("plain", "password").await));
    let count = async || own.connections().await;
    let entry = faults.observe("JetStream", &with, count).await;
    let names: Vec<_> = entry.data().map(|(name, _)| name.to_owned()).collect();
    assert!(names.contains(&"storage_bytes".to_owned()), "{names:?}");
    faults
        .observe("JetStream not enabled for the account", &without, count)
        .await;
    let Some(bare) = Server::start("nats-bare", "").await else {
        return;
    };
    let client = connect(bare.program.address()).await;
    let count = async || bare.connections().await;
    faults
        .observe(
            "JetStream not enabled at all",
            &Probes::of(check(client)),
            count,
        )
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_leaves_no_subscription() {
    let Some(own) = Server::start("nats-dropped", "").await else {
        return;
    };
    let client = connect(own.program.address()).await;
    for microseconds in 0..200 {
        let run = Nats::new(client.clone());
        let _gone = timeout(Duration::from_micros(10 * microseconds), run.ping()).await;
    }
    let healthy = nats::ping(&client).await;
    assert_eq!(healthy.status(), Status::Healthy, "{healthy:?}");
    own.until_no_subscription_is_left().await;
    assert_eq!(own.connections().await, 1);
    let version = healthy.data().find(|(name, _)| *name == "version");
    assert!(
        matches!(version, Some((_, Value::Text(version))) if version.starts_with("2.")),
        "{version:?}"
    );
}

/// What is sent while a client is disconnected is kept, and sent when it is connected again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_piles_up_while_the_server_is_away() {
    let Some(mut own) = Server::start("nats-away", "").await else {
        return;
    };
    let client = connect(own.program.address()).await;
    let before = client.statistics().out_messages.load(Ordering::Relaxed);
    own.program.stop();
    let check = Nats::new(client.clone());
    for _ in 0..20 {
        let outcome = check.ping().await;
        assert_eq!(outcome.message(), Some("disconnected"));
    }
    own.program.restart().await;
    while check.ping().await.status() != Status::Healthy {
        sleep(Duration::from_millis(50)).await;
    }
    let sent = client.statistics().out_messages.load(Ordering::Relaxed) - before;
    assert!(sent <= 2, "{sent}");
    own.until_no_subscription_is_left().await;
}

/// Users with different permissions, one of them in an account without `JetStream`.
const USERS: &str = r#"
jetstream { store_dir: "STORE" }
accounts {
  SOME {
    jetstream: enabled
    users: [
      { user: some, password: password }
      { user: reader, password: password,
        permissions: { publish: "health.>", subscribe: [ "_INBOX.>", "health.>" ] } }
    ]
  }
  PLAIN { users: [ { user: plain, password: password } ] }
}
"#;

/// A server of the test's own.
struct Server {
    program: Program,
    monitor: u16,
}

impl Server {
    async fn start(name: &str, config: &str) -> Option<Self> {
        let path = Program::find("nats-server")?;
        let folder = Program::folder(name).unwrap();
        let file: PathBuf = folder.join("nats.conf");
        let store = folder.join("store").display().to_string();
        std::fs::write(&file, config.replace("STORE", &store)).unwrap();
        let (port, monitor) = (Program::free_port(), Program::free_port());
        let mut command = Command::new(path);
        command
            .args(["-a", "127.0.0.1", "-p", &port.to_string()])
            .args(["-m", &monitor.to_string()])
            .arg("-c")
            .arg(file);
        let program = Program::start(command, port).await;
        Some(Self { program, monitor })
    }

    fn address(&self) -> String {
        self.program.address().to_string()
    }

    async fn client(&self, user: &str, password: &str) -> Client {
        let options = options().user_and_password(user.to_owned(), password.to_owned());
        options.connect(self.address()).await.unwrap()
    }

    /// How many connections clients have made so far.
    async fn connections(&self) -> usize {
        // Waiting for the port has made one that said nothing, which counts, too.
        self.number("/varz", "total_connections").await - 1
    }

    async fn until_no_subscription_is_left(&self) {
        let look = async {
            while self.number("/connz", "subscriptions").await > 0 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let gone = timeout(Duration::from_secs(10), look).await;
        gone.expect("no subscription is left");
    }

    /// The first number of this name in what the server says of itself.
    async fn number(&self, path: &str, name: &str) -> usize {
        let said = get(self.monitor, path).await;
        let (_, rest) = said.split_once(&format!("\"{name}\": ")).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    }
}

async fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    said
}
