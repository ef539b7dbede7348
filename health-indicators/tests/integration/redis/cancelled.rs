//! Runs that are given up half-way, on a connection that others use at the same time.

use std::time::Duration;

use ::redis::AsyncCommands;
use health_core::Status;
use health_indicators::redis::{self, Redis};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;
use crate::support::{Fault, Service};

/// Each key has its own name as its value.
pub(super) async fn own_answers(connection: impl AsyncCommands + Clone + 'static) {
    let mut asking = JoinSet::new();
    for number in 0..100 {
        let mut connection = connection.clone();
        asking.spawn(async move {
            let key = format!("health_cancelled:{}:{number}", std::process::id());
            let _stored: () = connection.set_ex(&key, &key, 60).await.unwrap();
            let read: String = connection.get_del(&key).await.unwrap();
            assert_eq!(read, key);
        });
    }
    asking.join_all().await;
}

/// Gives up 200 runs, some before and some after they were sent, none of them with its answer.
async fn give_up(check: &Redis) {
    let mut asking = Vec::new();
    for number in 0..200 {
        asking.push(timeout(Duration::from_micros(number * 50), check.ping()));
    }
    for asked in asking {
        asked.await.expect_err("the answer takes longer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_still_get_their_own_answers() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let proxy = Proxy::to(server).await;
    let shared = connection(proxy.address()).await;
    let managed = manager(client("", proxy.address()), 6);
    let prefix = "health_cancelled:";
    let one = Redis::new(shared.clone()).with_round_trip(prefix);
    let other = Redis::new(managed.clone()).with_round_trip(prefix);
    assert_eq!(other.ping().await.status(), Status::Healthy);
    proxy.set(Fault::Slow(Duration::from_millis(20)));
    tokio::join!(give_up(&one), own_answers(shared.clone()));
    tokio::join!(give_up(&other), own_answers(managed.clone()));
    proxy.set(Fault::None);
    own_answers(shared).await;
    own_answers(managed).await;
    for check in [one, other] {
        assert_eq!(check.ping().await.status(), Status::Healthy);
    }
    assert_eq!(accepted(&proxy)().await, 2, "no connection was lost");
}

#[cfg(feature = "deadpool-redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_keeps_all_of_its_places() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let proxy = Proxy::to(server).await;
    let pooled = pool("", &proxy.address().to_string(), 2);
    let check = Redis::new(pooled.clone());
    proxy.set(Fault::Slow(Duration::from_millis(20)));
    give_up(&check).await;
    proxy.set(Fault::None);
    let taken = [pooled.get().await.unwrap(), pooled.get().await.unwrap()];
    let found = check.ping().await;
    assert_eq!(found.message(), Some("pool exhausted: 2 of 2 in use"));
    drop(taken);
    assert_eq!(redis::ping(&pooled).await.status(), Status::Healthy);
    let status = pooled.status();
    assert_eq!(status.available, status.size);
    own_answers_of(pooled).await;
}

#[cfg(feature = "deadpool-redis")]
async fn own_answers_of(pool: deadpool_redis::Pool) {
    let connection = deadpool_redis::Connection::take(pool.get().await.unwrap());
    own_answers(connection).await;
}
