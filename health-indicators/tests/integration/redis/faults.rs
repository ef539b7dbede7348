//! Faults of the network, in front of the server that all tests share.

use std::time::Duration;

use health_indicators::redis::{self, Redis};

use super::*;
use crate::support::{Fault, Faults, Probes, Service};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_multiplexed_connection() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let probes = Probes::of(redis::check(connection(proxy.address()).await));
    let mut faults = Faults::of("Redis (multiplexed connection)");
    let count = accepted(&proxy);
    faults.observe("none", &probes, &count).await;
    proxy.set(Fault::Frozen);
    faults.observe("frozen", &probes, &count).await;
    proxy.set(Fault::None);
    faults.recovers("frozen", &probes).await;
    proxy.set(Fault::Slow(Duration::from_millis(50)));
    faults
        .observe("slow: 50 ms each way", &probes, &count)
        .await;
    proxy.stop().await;
    faults.observe("down", &probes, &count).await;
    proxy.start();
    faults.observe("down, then over", &probes, &count).await;
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_connection_manager() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let probes = Probes::of(redis::check(manager(client("", proxy.address()), 6)));
    let mut faults = Faults::of("Redis (connection manager)");
    faults.play(&mut proxy, &probes, GARBAGE).await;

    let count = accepted(&proxy);
    let gives_up = |client| Probes::of(redis::check(manager(client, 0)));
    let gave_up = gives_up(client("", proxy.address()));
    proxy.stop().await;
    faults
        .observe("down, with no retries", &gave_up, &count)
        .await;
    proxy.start();
    faults.recovers("down, with no retries", &gave_up).await;
    let nobody = gives_up(client("nobody:secret@", proxy.address()));
    faults.observe("wrong credentials", &nobody, &count).await;
    let nowhere = gives_up(Client::open("redis://sessions.invalid/").unwrap());
    faults
        .observe("name not in the DNS", &nowhere, &count)
        .await;
    faults.finish();
}

async fn nothing() -> usize {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_connection_manager_with_its_client() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let client = client("", proxy.address());
    let check = Redis::new(manager(client.clone(), 6)).with_client(&client);
    let probes = Probes::of(check.check());
    let mut faults = Faults::of("Redis (connection manager, with its client)");
    faults.observe("none", &probes, accepted(&proxy)).await;
    proxy.set(Fault::Frozen);
    faults.observe("frozen", &probes, accepted(&proxy)).await;
    proxy.cut();
    faults
        .observe("restarted, and frozen", &probes, nothing)
        .await;
    proxy.stop().await;
    faults.observe("down", &probes, nothing).await;
    proxy.start();
    faults.recovers("down", &probes).await;
    proxy.set(Fault::Garbage(GARBAGE));
    faults.observe("wrong answer", &probes, nothing).await;
    proxy.set(Fault::Hangup);
    faults
        .observe("closes each connection at once", &probes, nothing)
        .await;
    proxy.set(Fault::None);
    faults.recovers("wrong answers", &probes).await;
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_that_gives_up_for_ever_is_told_of() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let proxy = Proxy::to(server).await;
    let probes = Probes::of(redis::check(manager(client("", proxy.address()), 0)));
    proxy.set(Fault::Garbage(GARBAGE));
    let found = probes.until_healthy(2).await;
    assert_eq!(found.message(), Some("unexpected answer"));
    proxy.set(Fault::None);
    let found = probes.until_healthy(2).await;
    assert_eq!(found.message(), Some("unexpected answer"));
}

#[cfg(feature = "deadpool-redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_deadpool() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let address = proxy.address().to_string();
    let pooled = pool("", &address, 10);
    let probes = Probes::of(redis::check(pooled.clone()));
    let mut faults = Faults::of("Redis (deadpool-redis)");
    faults.play(&mut proxy, &probes, GARBAGE).await;

    let count = accepted(&proxy);
    let mut taken = Vec::new();
    for _ in 0..10 {
        taken.push(pooled.get().await.unwrap());
    }
    faults.observe("pool exhausted", &probes, &count).await;
    taken.clear();
    faults.recovers("pool exhausted", &probes).await;
    let nobody = Probes::of(redis::check(pool("nobody:secret@", &address, 10)));
    faults.observe("wrong credentials", &nobody, &count).await;
    let nowhere = Probes::of(redis::check(pool("", "sessions.invalid", 10)));
    faults
        .observe("name not in the DNS", &nowhere, &count)
        .await;
    faults.finish();
}
