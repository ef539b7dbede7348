use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use health_core::Status;
use health_indicators::mqtt::{self, Client, Mqtt, Polled};
use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, QoS, v5};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::{Fault, Faults, Probes, Program, Proxy, Service, told};

/// Long enough for what it has as a length.
const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\n\
    Content-Length: 26\r\nConnection: close\r\n\r\n<html>Bad Request</html>\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let Some(server) = Service::MOSQUITTO.address() else {
        return;
    };
    let Some(mut own) = Broker::start("mqtt-faults").await else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let polling = Polling::behind(
        &proxy,
        AsyncClient::new(options("faults", proxy.address()), 10),
    );
    let probes = polling.probes().await;
    let mut faults = Faults::of("MQTT");
    faults.play(&mut proxy, &probes, GARBAGE).await;
    refused(&mut faults, &own, Polling::v4, options).await;
    own_broker(&mut faults, &mut own).await;
    event_loop(&mut faults, server).await;
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_version_5() {
    let Some(server) = Service::MOSQUITTO.address() else {
        return;
    };
    let Some(own) = Broker::start("mqtt-faults-5").await else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let polling = Polling::behind(
        &proxy,
        v5::AsyncClient::new(options_5("faults-5", proxy.address()), 10),
    );
    let probes = polling.probes().await;
    let mut faults = Faults::of("MQTT 5");
    faults.play(&mut proxy, &probes, GARBAGE).await;
    refused(&mut faults, &own, Polling::v5, options_5).await;
    faults.finish();
}

/// What the broker does not want.
async fn refused<O>(
    faults: &mut Faults,
    own: &Broker,
    polling: fn(O, Option<&str>) -> Polling,
    options: fn(&str, SocketAddr) -> O,
) where
    O: Credentials,
{
    let to = own.program.address();
    let count = async || own.connections();
    for (fault, user, topic) in [
        ("own broker", "some", None),
        ("may not publish there", "some", Some("orders/own")),
        ("may not read there", "deaf", None),
        ("a topic that is none", "some", Some("orders/#")),
    ] {
        let options = options(user, to).of(user, "password");
        let polling = polling(options, topic).up().await;
        let probes = Probes::of(mqtt::check(polling.mqtt.clone()));
        faults.observe(fault, &probes, count).await;
    }
    let nobody = polling(options("nobody", to).of("nobody", "password"), None);
    let wrong = polling(options("wrong", to).of("some", "wrong"), None);
    let unknown = polling(options("unknown", to).elsewhere(), None);
    sleep(Duration::from_millis(500)).await;
    for (fault, polling) in [
        ("no such user", nobody),
        ("wrong credentials", wrong),
        ("name not in the DNS", unknown),
    ] {
        let entry = Probes::of(polling.mqtt.clone().check()).at_once(200).await;
        faults.add(fault, &told(&entry), "");
    }
}

async fn own_broker(faults: &mut Faults, own: &mut Broker) {
    let options = options("stopped", own.program.address()).of("some", "password");
    let polling = Polling::v4(options, None);
    let probes = polling.probes().await;
    own.program.stop();
    // What comes of a connection that is made while the broker dies is not always the same.
    for _ in 0..25 {
        if probes.one().await.message() == Some("connection refused") {
            break;
        }
    }
    let entry = probes.at_once(200).await;
    faults.add("own broker stopped", &told(&entry), "");
    own.program.restart().await;
    faults.recovers("own broker stopped", &probes).await;
}

/// What may be wrong with the application's own loop.
async fn event_loop(faults: &mut Faults, server: SocketAddr) {
    let mut proxy = Proxy::to(server).await;
    let (client, mut event_loop) = AsyncClient::new(options("loop", proxy.address()), 2);
    let mqtt = Mqtt::new(client.clone());
    let probes = Probes::of(mqtt.clone().check());
    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    faults.observe("never polled", &probes, count).await;
    let connected = event_loop.poll().await;
    assert!(!mqtt.seen(&connected));
    faults.observe("polled no more", &probes, count).await;
    let full = async {
        loop {
            let sent = client.publish("health/other", QoS::AtMostOnce, false, "");
            sent.await.unwrap();
        }
    };
    assert!(timeout(Duration::from_millis(100), full).await.is_err());
    let again = Probes::of(Mqtt::new(client.clone()).check());
    let entry = again.one().await;
    assert_eq!(entry.message(), Some("not connected yet"));
    // One that is not under way already.
    let mqtt = Mqtt::new(client);
    mqtt.seen(&connected);
    let probes = Probes::of(mqtt.clone().check());
    faults
        .observe("queue of the client full", &probes, count)
        .await;
    drop(event_loop);
    faults.observe("dropped", &probes, count).await;
    proxy.stop().await;
}

/// What is sent while a client is disconnected is kept, and sent when it is connected again; more
/// so in a session that outlives the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_piles_up_while_the_broker_is_away() {
    let Some(server) = Service::MOSQUITTO.address() else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let mut options = options("away", proxy.address());
    options.set_clean_session(false);
    let polling = Polling::behind(&proxy, AsyncClient::new(options.clone(), 10))
        .up()
        .await;
    polling.until_came(1).await;
    proxy.set(Fault::Frozen);
    for run in 0..3 {
        let gone = timeout(Duration::from_millis(50), polling.mqtt.ping()).await;
        assert!(gone.is_err(), "{run}");
    }
    proxy.set(Fault::None);
    assert_eq!(polling.mqtt.ping().await.status(), Status::Healthy);
    polling.until_came(2).await;
    proxy.stop().await;
    for _ in 0..20 {
        let outcome = polling.mqtt.ping().await;
        assert_eq!(outcome.status(), Status::Unhealthy);
    }
    proxy.start();
    let probes = Probes::of(polling.mqtt.clone().check());
    assert_eq!(probes.until_healthy(25).await.status(), Status::Healthy);
    polling.until_came(3).await;
    // Leaves no session behind.
    drop(polling);
    options.set_clean_session(true);
    Polling::v4(options, None).up().await;
}

/// Polls an event loop. It connects again at once, then only now and then, so that this can be told
/// from what probes cause.
struct Polling {
    mqtt: Mqtt,
    own: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Polling {
    fn v4(options: MqttOptions, topic: Option<&str>) -> Self {
        Self::of(AsyncClient::new(options, 10), topic, None)
    }

    fn v5(options: v5::MqttOptions, topic: Option<&str>) -> Self {
        Self::of(v5::AsyncClient::new(options, 10), topic, None)
    }

    /// Also connects again where the proxy changes.
    fn behind(proxy: &Proxy, client: (impl Into<Client>, impl Polls)) -> Self {
        Self::of(client, None, Some(proxy.changes()))
    }

    fn of(
        (client, mut event_loop): (impl Into<Client>, impl Polls),
        topic: Option<&str>,
        mut changes: Option<watch::Receiver<(Fault, u64)>>,
    ) -> Self {
        let (mut mqtt, own) = (Mqtt::new(client), Arc::<AtomicUsize>::default());
        if let Some(topic) = topic {
            mqtt = mqtt.with_topic(topic);
        }
        let (seeing, counting) = (mqtt.clone(), Arc::clone(&own));
        let task = tokio::spawn(async move {
            let mut failures = 0;
            loop {
                if let Some(changes) = &mut changes {
                    changes.mark_unchanged();
                }
                let (own, failed) = event_loop.step(&seeing).await;
                counting.fetch_add(usize::from(own), Ordering::SeqCst);
                failures = if failed { failures + 1 } else { 0 };
                let pause = Duration::from_millis(900);
                match &mut changes {
                    _ if failures < 2 => {}
                    Some(changes) => drop(timeout(pause, changes.changed()).await),
                    None => sleep(pause).await,
                }
            }
        });
        Self { mqtt, own, task }
    }

    /// Once it is connected.
    async fn up(self) -> Self {
        let connected = async {
            while self.mqtt.ping().await.message() == Some("not connected yet") {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let connected = timeout(Duration::from_secs(10), connected).await;
        connected.expect("it connects");
        self
    }

    async fn probes(&self) -> Probes {
        let probes = Probes::of(mqtt::check(self.mqtt.clone()));
        probes.until_healthy(25).await;
        probes
    }

    /// Waits until so many own messages came back, and a little longer: no more come, but for what a
    /// run may have had to send once more.
    async fn until_came(&self, number: usize) {
        let own = || self.own.load(Ordering::SeqCst);
        let come = async {
            while own() < number {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let come = timeout(Duration::from_secs(10), come).await;
        sleep(Duration::from_millis(200)).await;
        let came = own();
        assert!((number..=number + 2).contains(&came), "{came}: {come:?}");
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.task.abort();
    }
}

trait Polls: Send + 'static {
    /// Whether an own message came back, and whether it failed.
    fn step(&mut self, mqtt: &Mqtt) -> impl Future<Output = (bool, bool)> + Send;
}

impl Polls for EventLoop {
    async fn step(&mut self, mqtt: &Mqtt) -> (bool, bool) {
        let polled: Result<Event, ConnectionError> = self.poll().await;
        (seen(mqtt, &polled), polled.is_err())
    }
}

impl Polls for v5::EventLoop {
    async fn step(&mut self, mqtt: &Mqtt) -> (bool, bool) {
        let polled = self.poll().await;
        (seen(mqtt, &polled), polled.is_err())
    }
}

fn seen(mqtt: &Mqtt, polled: &impl Polled) -> bool {
    mqtt.seen(polled)
}

fn options(client: &str, to: SocketAddr) -> MqttOptions {
    MqttOptions::new(own(client), to.ip().to_string(), to.port())
}

fn options_5(client: &str, to: SocketAddr) -> v5::MqttOptions {
    v5::MqttOptions::new(own(client), to.ip().to_string(), to.port())
}

fn own(client: &str) -> String {
    format!("health-{client}-{}", std::process::id())
}

trait Credentials: Sized {
    fn of(self, user: &str, password: &str) -> Self;

    /// Where there is no server.
    fn elsewhere(self) -> Self;
}

impl Credentials for MqttOptions {
    fn of(mut self, user: &str, password: &str) -> Self {
        self.set_credentials(user, password);
        self
    }

    fn elsewhere(self) -> Self {
        Self::new(self.client_id(), "broker.invalid", 1883)
    }
}

impl Credentials for v5::MqttOptions {
    fn of(mut self, user: &str, password: &str) -> Self {
        self.set_credentials(user, password);
        self
    }

    fn elsewhere(self) -> Self {
        Self::new(self.client_id(), "broker.invalid", 1883)
    }
}

/// A broker of the test's own, that knows its users.
struct Broker {
    program: Program,
    log: PathBuf,
}

impl Broker {
    async fn start(name: &str) -> Option<Self> {
        let (path, passwords) = (
            Program::find("mosquitto")?,
            Program::find("mosquitto_passwd")?,
        );
        let folder = Program::folder(name).unwrap();
        let file = |name: &str| folder.join(name);
        for (user, flags) in [("some", &["-c", "-b"][..]), ("deaf", &["-b"])] {
            let mut add = Command::new(&passwords);
            add.args(flags).arg(file("users")).args([user, "password"]);
            assert!(add.status().unwrap().success());
        }
        std::fs::write(file("rights"), RIGHTS).unwrap();
        let port = Program::free_port();
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous false\nuser root\n\
             password_file {}\nacl_file {}\nlog_dest file {}\nlog_type all\n",
            file("users").display(),
            file("rights").display(),
            file("log").display(),
        );
        std::fs::write(file("config"), config).unwrap();
        let mut command = Command::new(path);
        command.arg("-c").arg(file("config"));
        Some(Self {
            program: Program::start(command, port).await,
            log: file("log"),
        })
    }

    /// How many clients have connected so far, as the broker has it.
    fn connections(&self) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.matches("New client connected").count()
    }
}

const RIGHTS: &str = "\
user some
topic readwrite health/#
topic read orders/#

user deaf
topic write health/#
";
