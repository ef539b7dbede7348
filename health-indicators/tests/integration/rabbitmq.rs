use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use health_core::{Outcome, Status, Value};
use health_indicators::rabbitmq::{self, Queue, Rabbitmq};
use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::support::{Fault, Faults, Probes, Program, Proxy, Service};

/// What speaks another protocol.
const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

/// A node of its own, which nothing else uses.
struct Node {
    program: Program,
    environment: Vec<(&'static str, String)>,
}

impl Node {
    async fn start(name: &str) -> Option<Self> {
        let server = script("rabbitmq-server")?;
        let (port, distribution) = (Program::free_port(), Program::free_port());
        let folder = Program::folder(&format!("rabbitmq-{name}")).unwrap();
        std::fs::write(folder.join("plugins"), "[].").unwrap();
        let path = |file: &str| folder.join(file).display().to_string();
        let environment = vec![
            ("HOME", path("")),
            ("RABBITMQ_NODENAME", format!("health-{name}@localhost")),
            ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
            ("RABBITMQ_NODE_PORT", port.to_string()),
            ("RABBITMQ_DIST_PORT", distribution.to_string()),
            ("RABBITMQ_MNESIA_BASE", path("mnesia")),
            ("RABBITMQ_LOG_BASE", path("log")),
            ("RABBITMQ_PID_FILE", path("pid")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins")),
            ("RABBITMQ_CONFIG_FILE", path("none")),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
        ];
        let mut command = Command::new(server);
        command.envs(environment.iter().cloned());
        let program = Program::start(command, port).await;
        Some(Self {
            program,
            environment,
        })
    }

    /// What `rabbitmqctl` says, line by line.
    async fn told(&self, arguments: &str) -> Vec<String> {
        let mut command = Command::new(script("rabbitmqctl").unwrap());
        command
            .envs(self.environment.iter().cloned())
            .arg("-q")
            .args(arguments.split(' '));
        let run = tokio::task::spawn_blocking(move || command.output());
        let Output { status, stdout, .. } = run.await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&stdout).into_owned();
        assert!(status.success(), "{arguments}: {said}");
        said.lines().map(str::to_owned).collect()
    }

    /// How many channels each connection has.
    async fn channels(&self) -> Vec<usize> {
        let told = self
            .told("list_connections --no-table-headers channels")
            .await;
        told.iter()
            .map(|channels| channels.parse().unwrap())
            .collect()
    }

    async fn queues(&self) -> Vec<String> {
        self.told("list_queues --no-table-headers name").await
    }
}

/// Debian has scripts of the same names in the path that change the user.
fn script(name: &str) -> Option<PathBuf> {
    let packaged = Path::new("/usr/lib/rabbitmq/bin").join(name);
    match packaged.is_file() {
        true => Some(packaged),
        false => Program::find(name),
    }
}

/// One that is made anew when it is lost, soon.
async fn recovering(to: SocketAddr) -> Arc<Connection> {
    let properties = ConnectionProperties::default()
        .enable_auto_recover()
        .configure_backoff(|backoff| {
            backoff
                .with_min_delay(Duration::from_millis(50))
                .with_max_delay(Duration::from_millis(200))
                .with_max_times(1000)
        });
    connected(&format!("amqp://guest:guest@{to}/%2f"), properties).await
}

async fn simple(to: SocketAddr) -> Arc<Connection> {
    let url = format!("amqp://guest:guest@{to}/%2f");
    connected(&url, ConnectionProperties::default()).await
}

async fn connected(url: &str, properties: ConnectionProperties) -> Arc<Connection> {
    Arc::new(Connection::connect(url, properties).await.unwrap())
}

async fn publish(connection: &Connection, queue: &str, messages: usize) {
    let channel = connection.create_channel().await.unwrap();
    for _ in 0..messages {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let published = channel.basic_publish("".into(), queue.into(), options, b"", properties);
        published.await.unwrap();
    }
}

/// How many connections the probes make is told by their proxy; over others they make none.
async fn none() -> usize {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let Some(mut node) = Node::start("faults").await else {
        return;
    };
    let address = node.program.address();
    let mut proxy = Proxy::to(address).await;
    let mut faults = Faults::of("RabbitMQ (lapin)");
    let connection = recovering(proxy.address()).await;
    let probes = Probes::of(rabbitmq::check(connection));
    faults.play(&mut proxy, &probes, GARBAGE).await;

    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    drop(probes);
    let connection = recovering(address).await;
    let probes = Probes::of(rabbitmq::check(Arc::clone(&connection)));

    let plain = simple(proxy.address()).await;
    let of_plain = Probes::of(rabbitmq::check(Arc::clone(&plain)));
    proxy.cut();
    let fault = "restarted, over a connection that is not made anew";
    faults.observe(fault, &of_plain, count).await;
    let closed = simple(proxy.address()).await;
    closed.close(200, "OK".into()).await.unwrap();
    let closed = Probes::of(rabbitmq::check(closed));
    faults
        .observe("closed by the application", &closed, count)
        .await;

    options(&mut faults, &node, &connection).await;
    blocked(&mut faults, &node).await;
    drop((plain, of_plain));
    assert_eq!(probes.one().await.status(), Status::Healthy);
    assert_eq!(node.channels().await, [1], "that of the one check");

    node.program.stop();
    faults.observe("server killed", &probes, none).await;
    node.program.restart().await;
    until_connected(&connection).await;
    faults.recovers("server killed", &probes).await;
    assert_eq!(node.channels().await, [1], "that of the one check");
    node.told("change_password guest another").await;
    node.told("close_all_connections maintenance").await;
    let fault = "wrong credentials since it was lost";
    faults.observe(fault, &probes, none).await;
    faults.finish();
}

/// What is expected of a queue, and who may ask.
async fn options(faults: &mut Faults, node: &Node, connection: &Arc<Connection>) {
    let owner = simple(node.program.address()).await;
    let channel = owner.create_channel().await.unwrap();
    for (queue, exclusive) in [("waiting", false), ("own", true)] {
        let options = QueueDeclareOptions {
            exclusive,
            ..QueueDeclareOptions::default()
        };
        let declared = channel.queue_declare(queue.into(), options, FieldTable::default());
        declared.await.unwrap();
    }
    publish(&owner, "waiting", 20).await;
    let with = |queue: Queue| Rabbitmq::new(Arc::clone(connection)).with_queue(queue);
    let waiting = || Queue::new("waiting").with_degraded_above(10);
    for (fault, rabbitmq) in [
        (
            "queue as expected",
            with(Queue::new("waiting").with_unhealthy_above(20)),
        ),
        (
            "more messages than should",
            with(waiting().with_unhealthy_above(20)),
        ),
        (
            "more messages than may",
            with(waiting().with_unhealthy_above(19)),
        ),
        ("no consumer", with(waiting().with_consumers(1))),
        ("no such queue", with(Queue::new("none of this name"))),
        ("queue of another connection", with(Queue::new("own"))),
        (
            "round trip",
            Rabbitmq::new(Arc::clone(connection)).with_round_trip(true),
        ),
    ] {
        let probes = Probes::of(rabbitmq.check());
        let entry = faults.observe(fault, &probes, none).await;
        let messages = entry.data().find(|(name, _)| *name == "messages");
        let told = messages.is_none_or(|(_, messages)| *messages == Value::Integer(20));
        assert!(told, "{fault}: {messages:?}");
    }
    node.told("add_user nobody secret").await;
    node.told("set_permissions nobody ^$ ^$ ^$").await;
    let (address, properties) = (node.program.address(), ConnectionProperties::default());
    let nobody = connected(&format!("amqp://nobody:secret@{address}/%2f"), properties).await;
    let trip = Rabbitmq::new(nobody).with_round_trip(true).check();
    faults
        .observe("round trip not permitted", &Probes::of(trip), none)
        .await;
    let url = format!("amqp://guest:guest@{address}/%2f?channel_max=1");
    let busy = connected(&url, ConnectionProperties::default()).await;
    let _taken = busy.create_channel().await.unwrap();
    let probes = Probes::of(rabbitmq::check(busy));
    faults
        .observe("application has all channels", &probes, none)
        .await;
    let mut queues = node.queues().await;
    queues.sort();
    assert_eq!(queues, ["own", "waiting"]);
}

/// What a server does that is short of memory.
async fn blocked(faults: &mut Faults, node: &Node) {
    let address = node.program.address();
    let publishing = simple(address).await;
    let idle = simple(address).await;
    node.told("set_vm_memory_high_watermark absolute 1").await;
    publish(&publishing, "waiting", 1).await;
    let publishing = Probes::of(rabbitmq::check(publishing));
    let trip = Probes::of(
        Rabbitmq::new(Arc::clone(&idle))
            .with_round_trip(true)
            .check(),
    );
    let idle = Probes::of(rabbitmq::check(idle));
    let fault = "short of memory, over a connection that publishes";
    faults.observe(fault, &publishing, none).await;
    faults
        .observe("short of memory, over another", &idle, none)
        .await;
    faults
        .observe("short of memory, with a round trip", &trip, none)
        .await;
    node.told("set_vm_memory_high_watermark 0.6").await;
    for probes in [publishing, idle, trip] {
        faults.recovers("short of memory", &probes).await;
    }
}

/// Cancels probes at every moment, over a slow network and one that is cut, where each makes a round
/// trip and some ask for a queue that is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_probes_leave_nothing_behind() {
    let Some(node) = Node::start("cancelled").await else {
        return;
    };
    let proxy = Proxy::to(node.program.address()).await;
    let plain = simple(proxy.address()).await;
    let recovering = recovering(proxy.address()).await;
    let asked = |connection: &Arc<Connection>| {
        let rabbitmq = Rabbitmq::new(Arc::clone(connection));
        rabbitmq
            .with_queue(Queue::new("none"))
            .with_round_trip(true)
    };
    proxy.set(Fault::Slow(Duration::from_millis(10)));
    for connection in [&plain, &recovering] {
        for after in (0..260).step_by(3) {
            let probe = asked(connection);
            let _cancelled = timeout(Duration::from_millis(after), probe.ping()).await;
            assert!(connection.status().connected(), "after {after} ms");
        }
    }
    settled(&node, &[0, 0]).await;
    let kept = Rabbitmq::new(Arc::clone(&recovering)).with_round_trip(true);
    for after in (0..200).step_by(10) {
        healthy(&kept).await;
        let _cancelled = timeout(Duration::from_millis(after), kept.ping()).await;
        proxy.cut();
        until_connected(&recovering).await;
    }
    healthy(&kept).await;
    settled(&node, &[1]).await;
    drop(kept);
    settled(&node, &[0]).await;
}

/// One that nobody waits for goes on, so that the next may begin before it has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn round_trips_are_not_in_the_way_of_each_other() {
    let Some(server) = Service::RABBITMQ.address() else {
        return;
    };
    let proxy = Proxy::to(server).await;
    let check = Rabbitmq::new(simple(proxy.address()).await).with_round_trip(true);
    let check = Arc::new(check);
    let mut asking = JoinSet::new();
    for _ in 0..10 {
        let check = Arc::clone(&check);
        asking.spawn(async move { check.ping().await });
    }
    for outcome in asking.join_all().await {
        assert_eq!(outcome.status(), Status::Healthy, "{outcome:?}");
    }
    proxy.set(Fault::Slow(Duration::from_millis(10)));
    for after in (20..200).step_by(20) {
        let _cancelled = timeout(Duration::from_millis(after), check.ping()).await;
        let outcome = check.ping().await;
        assert_eq!(outcome.status(), Status::Healthy, "{after} ms: {outcome:?}");
    }
}

async fn healthy(kept: &Rabbitmq) {
    let began = Instant::now();
    loop {
        let outcome: Outcome = kept.ping().await;
        if outcome.status() == Status::Healthy {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{outcome:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn until_connected(connection: &Connection) {
    let began = Instant::now();
    sleep(Duration::from_millis(60)).await;
    while !connection.status().connected() {
        assert!(began.elapsed() < Duration::from_secs(20), "{connection:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn settled(node: &Node, channels: &[usize]) {
    let began = Instant::now();
    loop {
        let (open, queues) = (node.channels().await, node.queues().await);
        if open == channels && queues.is_empty() {
            return;
        }
        let late = began.elapsed() > Duration::from_secs(20);
        assert!(!late, "{open:?} channels and {queues:?} are left");
    }
}
