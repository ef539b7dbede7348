//! Runs that are given up half-way, on a connection that others use at the same time.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use ::redis::AsyncCommands;
use health_core::Status;
use health_indicators::redis::Redis;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;
use crate::support::{Fault, Service};

/// Each key has its own name as its value.
pub(super) async fn own_answers(connection: impl AsyncCommands + Clone + 'static) {
    static KEYS: AtomicUsize = AtomicUsize::new(0);
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let mut connection = connection.clone();
        asking.spawn(async move {
            let number = KEYS.fetch_add(1, Ordering::Relaxed);
            let key = format!("health_cancelled:{}:{number}", std::process::id());
            let _stored: () = connection.set_ex(&key, &key, 60).await.unwrap();
            let read: String = connection.get_del(&key).await.unwrap();
            assert_eq!(read, key);
        });
    }
    asking.join_all().await;
}

/// Begins 200 runs at once, and gives each of them up a `step` later than the one before.
pub(super) async fn give_up(check: &Arc<Redis>, step: Duration) {
    let mut asking = JoinSet::new();
    for number in 0..200 {
        let check = Arc::clone(check);
        asking.spawn(async move { timeout(step * number, check.ping()).await.is_err() });
    }
    let given_up = asking.join_all().await;
    assert!(given_up.contains(&true));
}

/// All of the steps are shorter than an answer takes.
const STEP: Duration = Duration::from_micros(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_still_get_their_own_answers() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let proxy = Proxy::to(server).await;
    let mut shared = connection(proxy.address()).await;
    shared.set_response_timeout(LONG);
    let patient = ConnectionManagerConfig::new().set_response_timeout(Some(LONG));
    let client = client("", proxy.address());
    let managed = ConnectionManager::new_lazy_with_config(client, patient).unwrap();
    let prefix = "health_cancelled:";
    let one = Arc::new(Redis::new(shared.clone()).with_round_trip(prefix));
    let other = Arc::new(Redis::new(managed.clone()).with_round_trip(prefix));
    assert_eq!(other.ping().await.status(), Status::Healthy);
    proxy.set(Fault::Slow(Duration::from_millis(20)));
    tokio::join!(give_up(&one, STEP), own_answers(shared.clone()));
    tokio::join!(give_up(&other, STEP), own_answers(managed.clone()));
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
    let check = Arc::new(Redis::new(pooled.clone()));
    proxy.set(Fault::Slow(Duration::from_millis(20)));
    give_up(&check, STEP).await;
    proxy.set(Fault::None);
    let taken = [pooled.get().await.unwrap(), pooled.get().await.unwrap()];
    let found = check.ping().await;
    assert_eq!(found.message(), Some("pool exhausted: 2 of 2 in use"));
    drop(taken);
    assert_eq!(check.ping().await.status(), Status::Healthy);
    let status = pooled.status();
    assert_eq!(status.available, status.size);
    own_answers_of(pooled).await;
}

#[cfg(feature = "deadpool-redis")]
async fn own_answers_of(pool: deadpool_redis::Pool) {
    let mut connection = deadpool_redis::Connection::take(pool.get().await.unwrap());
    connection.set_response_timeout(LONG);
    own_answers(connection).await;
}
