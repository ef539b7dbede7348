use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use health_core::Status;
use health_indicators::kafka::{self, Kafka, Partition};
use rskafka::BackoffConfig;
use rskafka::client::partition::{PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use tokio::time::timeout;

use crate::support::{Faults, Probes, Program, Proxy, skipped};

/// What speaks another protocol.
const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

/// A cluster of one broker, of librdkafka.
struct Cluster {
    running: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Cluster {
    fn start() -> Option<Self> {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/integration/support/kafka.py"
        );
        let mut running = Command::new(Program::find("python3")?)
            .args([script, "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = running.stdin.take().unwrap();
        let mut output = BufReader::new(running.stdout.take().unwrap());
        let mut told = String::new();
        output.read_line(&mut told).unwrap();
        let Ok(address) = told.trim().parse() else {
            let _status = running.wait();
            return skipped("librdkafka.so.1: not installed, nor in LD_LIBRARY_PATH");
        };
        Some(Self {
            running,
            input,
            output,
            address,
        })
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
        let mut told = String::new();
        self.output.read_line(&mut told).unwrap();
        assert_eq!(told, "ok\n", "{line}");
    }

    /// In front of it, also for what it says of its own address.
    async fn proxy(&self) -> Proxy {
        let proxy = Proxy::to(self.address).await;
        let said = |port: u16| {
            let mut bytes = b"127.0.0.1".to_vec();
            bytes.extend(u32::from(port).to_be_bytes());
            bytes
        };
        proxy.replace(said(self.address.port()), said(proxy.port()));
        proxy
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ended = self.running.kill();
        let _status = self.running.wait();
    }
}

async fn client(to: SocketAddr) -> Client {
    ClientBuilder::new(vec![to.to_string()])
        .build()
        .await
        .unwrap()
}

async fn partition(client: &Client, topic: &str, number: i32) -> Arc<PartitionClient> {
    let handling = UnknownTopicHandling::Error;
    let partition = client.partition_client(topic, number, handling).await;
    Arc::new(partition.unwrap())
}

async fn none() -> usize {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    cluster.tell("topic orders 2");
    let mut faults = Faults::of("Kafka (rskafka)");
    let mut proxy = cluster.proxy().await;
    // So that it connects twice in each run, not as often as chance has it.
    let seldom = BackoffConfig {
        init_backoff: Duration::from_millis(900),
        ..BackoffConfig::default()
    };
    let builder = ClientBuilder::new(vec![proxy.address().to_string()]);
    let kafka = Kafka::new(builder.backoff_config(seldom).build().await.unwrap());
    let told = kafka.with_brokers([proxy.address().to_string()]);
    faults
        .play(&mut proxy, &Probes::of(told.check()), GARBAGE)
        .await;

    let untold = Probes::of(kafka::check(client(proxy.address()).await));
    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    proxy.stop().await;
    faults
        .observe("down, addresses not told", &untold, count)
        .await;
    proxy.start();
    faults.recovers("down, addresses not told", &untold).await;

    let patience = BackoffConfig {
        deadline: Some(Duration::from_millis(300)),
        ..BackoffConfig::default()
    };
    let builder = ClientBuilder::new(vec![proxy.address().to_string()]);
    let impatient = builder.backoff_config(patience).build().await.unwrap();
    let impatient = Probes::of(kafka::check(impatient));
    proxy.stop().await;
    let fault = "down, addresses not told, retries with a deadline";
    faults.observe(fault, &impatient, count).await;
    proxy.start();
    faults.recovers(fault, &impatient).await;

    let host = Kafka::new(client(proxy.address()).await).with_brokers(["kafka.invalid:9092"]);
    let host = Probes::of(host.check());
    proxy.stop().await;
    faults.observe("name not in the DNS", &host, count).await;
    proxy.start();
    options(&mut faults, &mut cluster).await;
    faults.finish();
}

/// What is expected of topics and partitions.
async fn options(faults: &mut Faults, cluster: &mut Cluster) {
    let client = Arc::new(client(cluster.address).await);
    let orders = [
        partition(&client, "orders", 0).await,
        partition(&client, "orders", 1).await,
    ];
    let kafka = || Kafka::new(Arc::clone(&client));
    let behind = |next: i64| Partition::new(Arc::clone(&orders[0])).with_position(move || next);
    let other = || Partition::new(Arc::clone(&orders[1]));
    for (fault, kafka) in [
        ("topic as expected", kafka().with_topic("orders", 2)),
        ("too few partitions", kafka().with_topic("orders", 3)),
        ("no such topic", kafka().with_topic("none", 1)),
        (
            "round trip",
            kafka().with_round_trip(Arc::clone(&orders[0])),
        ),
        (
            "consumed to the end",
            kafka().with_partition(behind(i64::MAX).with_degraded_above(0)),
        ),
    ] {
        faults
            .observe(fault, &Probes::of(kafka.check()), none)
            .await;
    }
    let lagging = kafka().with_partition(behind(-10).with_degraded_above(10));
    let entry = Probes::of(lagging.with_partition(other()).check())
        .one()
        .await;
    assert_eq!(entry.status(), Status::Degraded, "{entry:?}");
    let told: Vec<_> = entry
        .children()
        .map(|child| (child.name(), child.message()))
        .collect();
    let behind = Some("11 records behind, more than 10");
    assert_eq!(told, [("partition_0", behind), ("partition_1", None)]);

    cluster.tell("leader orders 1 -1");
    let leaderless = kafka().with_round_trip(Arc::clone(&orders[1]));
    faults
        .observe("no leader", &Probes::of(leaderless.check()), none)
        .await;
    cluster.tell("leader orders 1 1");
    let led = kafka().with_round_trip(Arc::clone(&orders[1]));
    faults.recovers("no leader", &Probes::of(led.check())).await;
}

/// Probes that are cancelled at every moment leave the client as it was, with its connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_probes_leave_nothing_behind() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    cluster.tell("topic orders 1");
    let proxy = cluster.proxy().await;
    let client = client(proxy.address()).await;
    let orders = partition(&client, "orders", 0).await;
    let kafka = Kafka::new(client)
        .with_partition(Partition::new(Arc::clone(&orders)))
        .with_round_trip(orders);
    let made = proxy.counter().load(Ordering::SeqCst);
    for after in (0..30_000).step_by(250) {
        let _cancelled = timeout(Duration::from_micros(after), kafka.ping()).await;
    }
    let outcome = kafka.ping().await;
    assert_eq!(outcome.status(), Status::Healthy, "{outcome:?}");
    assert_eq!(proxy.counter().load(Ordering::SeqCst), made);
}
