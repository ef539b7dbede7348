use std::sync::Arc;
use std::time::Duration;

use ::redis::cluster::ClusterClientBuilder;
use ::redis::cluster_async::ClusterConnection;
use health_core::Status;
use health_indicators::redis::{self, Redis};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::cancelled::{give_up, own_answers};
use super::*;
use crate::support::{Faults, Probes};

/// Three masters without replicas.
async fn masters(name: &str) -> Option<Vec<Program>> {
    let mut nodes = Vec::new();
    for number in 0..3 {
        let name = format!("redis-{name}-{number}");
        let arguments = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "1000",
            "--enable-debug-command",
            "yes",
        ];
        nodes.push(server(&name, &arguments).await?);
    }
    let first = connection(nodes[0].address()).await;
    for (node, slots) in nodes.iter().zip(["0 5460", "5461 10922", "10923 16383"]) {
        let own = connection(node.address()).await;
        says::<()>(&own, &format!("CLUSTER ADDSLOTSRANGE {slots}")).await;
        let at = node.address();
        says::<()>(&first, &format!("CLUSTER MEET {} {}", at.ip(), at.port())).await;
    }
    for node in &nodes {
        agree(node, "cluster_state:ok").await;
        agree(node, "cluster_slots_ok:16384").await;
    }
    Some(nodes)
}

/// Waits until a node says so.
async fn agree(node: &Program, state: &str) {
    for _ in 0..300 {
        let said: String = says(&connection(node.address()).await, "CLUSTER INFO").await;
        if said.contains(state) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?} does not say {state}", node.address());
}

async fn connected(nodes: &[Program], answers_in: Option<Duration>) -> ClusterConnection {
    let urls = nodes
        .iter()
        .map(|node| format!("redis://{}/", node.address()));
    let client = ClusterClientBuilder::new(urls)
        .connection_timeout(LONG)
        .response_timeout(answers_in.unwrap_or(USUAL))
        .build()
        .unwrap();
    client.get_async_connection().await.unwrap()
}

/// What the client gives each answer where nothing else is said.
const USUAL: Duration = Duration::from_secs(1);

async fn nothing() -> usize {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let Some(mut nodes) = masters("node").await else {
        return;
    };
    let cluster = connected(&nodes, None).await;
    let probes = Probes::of(redis::check(cluster.clone()));
    let writing = Probes::of(
        Redis::new(cluster.clone())
            .with_round_trip("health:")
            .check(),
    );
    let mut faults = Faults::of("Redis (cluster)");
    let admin = connection(nodes[0].address()).await;
    let count = async || received(&admin).await;
    faults.observe("none", &probes, count).await;
    faults.observe("none, to be written", &writing, count).await;

    says::<()>(&admin, "CLIENT KILL TYPE normal SKIPME yes").await;
    faults.observe("connections cut", &probes, nothing).await;
    let asleep = sleep_all(&nodes).await;
    faults.observe("frozen", &probes, nothing).await;
    asleep.join_all().await;
    faults.recovers("frozen", &probes).await;

    nodes[2].stop();
    for node in &nodes[..2] {
        agree(node, "cluster_state:fail").await;
        agree(node, "cluster_slots_ok:10923").await;
    }
    faults
        .observe("a master of three killed", &probes, nothing)
        .await;
    for node in &nodes[..2] {
        let partly = "CONFIG SET cluster-require-full-coverage no";
        says::<()>(&connection(node.address()).await, partly).await;
        agree(node, "cluster_state:ok").await;
    }
    faults
        .observe("the same, which the others may survive", &probes, nothing)
        .await;
    nodes[2].restart().await;
    agree(&nodes[0], "cluster_slots_ok:16384").await;
    agree(&nodes[1], "cluster_slots_ok:16384").await;
    faults.recovers("a master of three killed", &probes).await;
    for node in &mut nodes {
        node.stop();
    }
    faults.observe("all killed", &probes, nothing).await;
    for node in &mut nodes {
        node.restart().await;
    }
    faults.recovers("all killed", &probes).await;
    faults.finish();
}

/// Nobody answers for two seconds.
async fn sleep_all(nodes: &[Program]) -> JoinSet<()> {
    let mut asleep = JoinSet::new();
    for node in nodes {
        let own = connection(node.address()).await;
        asleep.spawn(async move {
            says::<()>(&own, "DEBUG SLEEP 2").await;
        });
    }
    sleep(Duration::from_millis(100)).await;
    asleep
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_still_get_their_own_answers() {
    let Some(nodes) = masters("cancelled").await else {
        return;
    };
    let cluster = connected(&nodes, Some(LONG)).await;
    let check = Arc::new(Redis::new(cluster.clone()).with_round_trip("health:"));
    let given_up = give_up(&check, Duration::from_micros(10));
    tokio::join!(given_up, own_answers(cluster.clone()));
    own_answers(cluster).await;
    assert_eq!(check.ping().await.status(), Status::Healthy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_without_slots_has_no_nodes_for_its_clients() {
    let Some(program) = server("redis-no-slots", &["--cluster-enabled", "yes"]).await else {
        return;
    };
    let found = redis::ping(&connected(&[program], None).await).await;
    let told = "no connection to a node of the cluster";
    assert_eq!(found.message(), Some(told));
}
