#![allow(dead_code, unused_imports, reason = "each client needs a part of it")]

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use health_core::Check;
use health_indicators::postgres;

use crate::support::{Faults, Probes, Proxy, Service, pool_use};

/// What speaks another protocol.
const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

/// What is wrong with who asks, not with what is asked.
struct Wrong {
    user: Check,
    database: Check,
    host: Check,
}

async fn refuses(faults: &mut Faults, proxy: &Proxy, wrong: Wrong) {
    let accepted = proxy.counter();
    for (fault, check) in [
        ("wrong credentials", wrong.user),
        ("no such database", wrong.database),
        ("name not in the DNS", wrong.host),
    ] {
        let count = async || accepted.load(Ordering::SeqCst);
        faults.observe(fault, &Probes::of(check), count).await;
    }
}

#[cfg(feature = "sqlx-postgres")]
pub(crate) mod sqlx {
    use ::sqlx::PgPool;
    use ::sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::*;

    pub(crate) fn options(to: SocketAddr) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host(&to.ip().to_string())
            .port(to.port())
            .username("postgres")
            .database("test")
    }

    pub(crate) fn pool(options: PgConnectOptions) -> PgPool {
        PgPoolOptions::new()
            .max_connections(10)
            .connect_lazy_with(options)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn faults() {
        let Some(server) = Service::POSTGRES.address() else {
            return;
        };
        let mut proxy = Proxy::to(server).await;
        let pooled = pool(options(proxy.address()));
        let probes = Probes::of(postgres::check(pooled.clone()));
        let mut faults = Faults::of("PostgreSQL (sqlx)");
        faults.play(&mut proxy, &probes, GARBAGE).await;

        let mut taken = Vec::new();
        for _ in 0..10 {
            taken.push(pooled.acquire().await.unwrap());
        }
        let accepted = proxy.counter();
        let count = async || accepted.load(Ordering::SeqCst);
        faults.observe("pool exhausted", &probes, count).await;
        taken.clear();
        faults.recovers("pool exhausted", &probes).await;

        let check = |options| postgres::check(pool(options));
        let wrong = Wrong {
            user: check(options(proxy.address()).username("nobody_of_this_name")),
            database: check(options(proxy.address()).database("none_of_this_name")),
            host: check(options(proxy.address()).host("database.invalid")),
        };
        refuses(&mut faults, &proxy, wrong).await;
        let cold = || Probes::of(postgres::check(pool(options(proxy.address()))));
        let (while_frozen, while_down) = (cold(), cold());
        faults
            .play_cold(&mut proxy, &while_frozen, &while_down)
            .await;
        faults.finish();
    }

    #[tokio::test]
    async fn what_the_check_itself_uses_of_the_pool_is_not_told_as_used() {
        let Some(server) = Service::POSTGRES.address() else {
            return;
        };
        let pool = pool(options(server));
        let held = pool.acquire().await.unwrap();
        assert_eq!(pool_use(&postgres::ping(&pool).await), [1, 1, 10]);
        drop(held);
    }
}

#[cfg(feature = "deadpool-postgres")]
pub(crate) mod deadpool {
    use deadpool_postgres::{Config, Pool, Runtime};
    use tokio_postgres::NoTls;

    use super::*;

    pub(crate) fn config(to: SocketAddr) -> Config {
        let mut config = Config::new();
        config.host = Some(to.ip().to_string());
        config.port = Some(to.port());
        config.user = Some("postgres".to_owned());
        config.dbname = Some("test".to_owned());
        config.pool = Some(deadpool_postgres::PoolConfig::new(10));
        config
    }

    pub(crate) fn pool(config: &Config) -> Pool {
        config.create_pool(Some(Runtime::Tokio1), NoTls).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn faults() {
        let Some(server) = Service::POSTGRES.address() else {
            return;
        };
        let mut proxy = Proxy::to(server).await;
        let pooled = pool(&config(proxy.address()));
        let probes = Probes::of(postgres::check(pooled.clone()));
        let mut faults = Faults::of("PostgreSQL (deadpool-postgres)");
        faults.play(&mut proxy, &probes, GARBAGE).await;

        let mut taken = Vec::new();
        for _ in 0..10 {
            taken.push(pooled.get().await.unwrap());
        }
        let accepted = proxy.counter();
        let count = async || accepted.load(Ordering::SeqCst);
        faults.observe("pool exhausted", &probes, count).await;
        taken.clear();
        faults.recovers("pool exhausted", &probes).await;

        let but = |change: fn(&mut Config)| {
            let mut config = config(proxy.address());
            change(&mut config);
            postgres::check(pool(&config))
        };
        let wrong = Wrong {
            user: but(|config| config.user = Some("nobody_of_this_name".to_owned())),
            database: but(|config| config.dbname = Some("none_of_this_name".to_owned())),
            host: but(|config| config.host = Some("database.invalid".to_owned())),
        };
        refuses(&mut faults, &proxy, wrong).await;
        let cold = || Probes::of(postgres::check(pool(&config(proxy.address()))));
        let (while_frozen, while_down) = (cold(), cold());
        faults
            .play_cold(&mut proxy, &while_frozen, &while_down)
            .await;
        faults.finish();
    }

    #[tokio::test]
    async fn what_the_check_itself_uses_of_the_pool_is_not_told_as_used() {
        let Some(server) = Service::POSTGRES.address() else {
            return;
        };
        let pool = pool(&config(server));
        let held = pool.get().await.unwrap();
        assert_eq!(pool_use(&postgres::ping(&pool).await), [1, 1, 10]);
        drop(held);
    }
}

#[cfg(feature = "tokio-postgres")]
pub(crate) mod client {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio_postgres::{Client, Config, NoTls};

    use super::*;
    use crate::support::{Fault, told};

    /// It has one connection, for better or worse.
    pub(crate) async fn client(to: SocketAddr) -> Arc<Client> {
        let mut config = Config::new();
        config.host(to.ip().to_string()).port(to.port());
        config.user("postgres").dbname("test");
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        Arc::new(client)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn faults() {
        let Some(server) = Service::POSTGRES.address() else {
            return;
        };
        let mut proxy = Proxy::to(server).await;
        let client = client(proxy.address()).await;
        let probes = Probes::of(postgres::check(Arc::clone(&client)));
        let mut faults = Faults::of("PostgreSQL (tokio-postgres, without a pool)");
        let accepted = proxy.counter();
        let count = async || accepted.load(Ordering::SeqCst);
        faults.observe("none", &probes, count).await;
        proxy.set(Fault::Frozen);
        faults.observe("frozen", &probes, count).await;
        proxy.set(Fault::None);
        faults.recovers("frozen", &probes).await;
        proxy.set(Fault::Slow(Duration::from_millis(50)));
        let slow = "slow: 50 ms each way";
        faults.observe(slow, &probes, count).await;
        proxy.set(Fault::None);
        proxy.stop().await;
        faults.observe("down", &probes, count).await;
        proxy.start();
        // It never gets another connection.
        let entry = probes.one().await;
        faults.add("down, then over", &told(&entry), "");
        faults.finish();
    }
}
