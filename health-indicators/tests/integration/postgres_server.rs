//! Servers of our own: replicas, restarts, and what they count themselves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use health_core::{Outcome, Status};
use health_indicators::postgres::{self, Postgres};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::postgres::{client, deadpool, sqlx as pooled};
use crate::support::{Cluster, Fault, Faults, Probes, Proxy, told};

const ALLOWED: Duration = Duration::from_secs(1);

fn primary(name: &str) -> Option<Cluster> {
    let primary = Cluster::primary(name)?;
    primary.sql("postgres", "CREATE DATABASE test");
    primary.sql("test", "CREATE TABLE changes (number int)");
    primary.sql("test", "CREATE ROLE nobody LOGIN");
    Some(primary)
}

/// Waits for what comes by itself.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(30), "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn replayed(replica: &Cluster, changes: usize) -> bool {
    replica.sql("test", "SELECT count(*) FROM changes") == changes.to_string()
}

/// The public words, with numbers of seconds made alike.
async fn said(server: &Postgres) -> String {
    let outcome = server.ping().await;
    let number = |word: &str| word.parse::<f64>().is_ok();
    let words = outcome.message().unwrap_or_default().split(' ');
    let alike = words.map(|word| if number(word) { "N" } else { word });
    let alike = alike.collect::<Vec<_>>().join(" ");
    match outcome.status().as_str() {
        "healthy" => "healthy".to_owned(),
        status => format!("{status}: {alike}"),
    }
}

async fn roles(client: &str, connect: impl AsyncFn(SocketAddr) -> Postgres) {
    let name = client.replace(' ', "-");
    let Some(main) = primary(&format!("{name}-main")) else {
        return;
    };
    let copy = main.replica(&format!("{name}-copy"));
    until("the replica follows", async || {
        copy.sql("test", "SELECT count(*) FROM pg_stat_wal_receiver") == "1"
    })
    .await;
    let mut faults = Faults::of(match client {
        "sqlx" => "PostgreSQL roles (sqlx)",
        "deadpool" => "PostgreSQL roles (deadpool-postgres)",
        _ => "PostgreSQL roles (tokio-postgres, without a pool)",
    });
    let mut row = |fault: &str, report: &str| faults.add(fault, report, "");
    let as_primary = async |to: &Cluster| connect(to.address()).await.with_primary();
    let as_replica = async |to: &Cluster| connect(to.address()).await.with_replica(ALLOWED);
    let replica = as_replica(&copy).await;
    row(
        "a primary, as it should be",
        &said(&as_primary(&main).await).await,
    );
    row(
        "a replica instead of a primary",
        &said(&as_primary(&copy).await).await,
    );
    row(
        "a primary instead of a replica",
        &said(&as_replica(&main).await).await,
    );
    row("a replica, as it should be", &said(&replica).await);

    main.sql("test", "INSERT INTO changes VALUES (1)");
    until("it is replayed", async || replayed(&copy, 1)).await;
    sleep(ALLOWED * 2).await;
    row("a replica of an idle primary", &said(&replica).await);
    // The first change after long: what it has received a moment ago is not old.
    for number in 2..12 {
        main.sql("test", &format!("INSERT INTO changes VALUES ({number})"));
        assert_eq!(said(&replica).await, "healthy");
        sleep(Duration::from_millis(20)).await;
    }
    until("all is replayed", async || replayed(&copy, 11)).await;

    copy.sql("test", "SELECT pg_wal_replay_pause()");
    main.sql("test", "INSERT INTO changes VALUES (12)");
    sleep(ALLOWED * 2).await;
    row("a replica that is behind", &said(&replica).await);
    copy.sql("test", "SELECT pg_wal_replay_resume()");
    until("all is replayed", async || replayed(&copy, 12)).await;
    row("a replica that is behind, then over", &said(&replica).await);

    main.stop();
    until("the replica notices", async || {
        said(&replica).await != "healthy"
    })
    .await;
    row("replication broken", &said(&replica).await);
    main.start();
    until("the replica follows", async || {
        said(&replica).await == "healthy"
    })
    .await;
    row("replication broken, then over", &said(&replica).await);
    let outcome = replica.ping().await;
    let data: Vec<_> = outcome.data().map(|(name, _)| name).collect();
    for name in ["role", "receives", "lag_seconds", "version", "query_ms"] {
        assert!(data.contains(&name), "{name} of {data:?}");
    }
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_over_sqlx() {
    // Whoever asks need not be allowed to see anything.
    let unprivileged = |to| pooled::options(to).username("nobody");
    roles("sqlx", async |to| {
        Postgres::new(pooled::pool(unprivileged(to)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_over_deadpool() {
    roles("deadpool", async |to| {
        Postgres::new(deadpool::pool(&deadpool::config(to)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_over_a_client() {
    roles("a client", async |to| {
        Postgres::new(client::client(to).await)
    })
    .await;
}

/// Each client, with how many connections the server itself says that it has made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_servers_restart_freeze_and_fill_up() {
    let Some(server) = primary("server") else {
        return;
    };
    let to = server.address();
    let sqlx = pooled::pool(pooled::options(to));
    let deadpool = deadpool::pool(&deadpool::config(to));
    let mut faults = Faults::of("PostgreSQL, as the server counts connections");
    ups_and_downs(&mut faults, "sqlx", &server, Postgres::new(sqlx)).await;
    let name = "deadpool-postgres";
    ups_and_downs(&mut faults, name, &server, Postgres::new(deadpool)).await;
    let client = Postgres::new(client::client(to).await);
    ups_and_downs(&mut faults, CLIENT, &server, client).await;
    full(&mut faults, &server).await;
    faults.finish();
}

const CLIENT: &str = "tokio-postgres, without a pool";

async fn ups_and_downs(faults: &mut Faults, name: &str, server: &Cluster, client: Postgres) {
    let probes = Probes::of(client.check());
    let count = async || server.connections();
    let row = |fault: &str| format!("{name}: {fault}");
    faults.observe(&row("none"), &probes, count).await;
    sleep(Duration::from_millis(100)).await;
    let before = server.connections();
    server.freeze();
    let frozen = probes.at_once(200).await;
    server.thaw();
    let over = probes.until_healthy(25).await;
    // What the kernel has accepted, the server counts when it runs again.
    let made = server.connections() - before;
    assert!(made <= 1, "{made}");
    faults.add(&row("frozen"), &told(&frozen), "at most 1");
    faults.add(&row("frozen, then over"), &told(&over), "");
    server.restart();
    faults.observe(&row("restarted"), &probes, count).await;
    if name == CLIENT {
        return;
    }
    server.stop();
    faults.observe(&row("stopped"), &probes, count).await;
    server.start();
    faults.recovers(&row("stopped"), &probes).await;
}

/// Others have all connections that ordinary users may have.
async fn full(faults: &mut Faults, server: &Cluster) {
    let options = || pooled::options(server.address()).username("nobody");
    let others = PgPoolOptions::new().max_connections(27);
    let others = others.connect_lazy_with(options());
    let mut held = Vec::new();
    while let Ok(Ok(one)) = timeout(Duration::from_secs(1), others.acquire()).await {
        held.push(one);
    }
    let mut config = deadpool::config(server.address());
    config.user = Some("nobody".to_owned());
    for (name, check) in [
        ("sqlx", postgres::check(pooled::pool(options()))),
        (
            "deadpool-postgres",
            postgres::check(deadpool::pool(&config)),
        ),
    ] {
        let report = told(&Probes::of(check).one().await);
        let row = format!("{name}: too many connections at the server");
        faults.add(&row, &report, "");
    }
}

/// 200 at once against a frozen server: each on its own, as one writes it without a framework, and
/// as checks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_makes_no_connections() {
    let Some(server) = primary("burst") else {
        return;
    };
    let warm = async |pool: &PgPool| {
        let mut held = Vec::new();
        for _ in 0..10 {
            held.push(pool.acquire().await.unwrap());
        }
    };
    let mut made = Vec::new();
    for by_hand in [true, false] {
        let pool = pooled::pool(pooled::options(server.address()));
        warm(&pool).await;
        sleep(Duration::from_millis(200)).await;
        let before = server.connections();
        server.freeze();
        match by_hand {
            true => burst_by_hand(&pool).await,
            false => drop(Probes::of(postgres::check(pool.clone())).at_once(200).await),
        }
        server.thaw();
        sleep(Duration::from_secs(2)).await;
        made.push(server.connections() - before);
        pool.close().await;
    }
    println!(
        "200 probes of a frozen server: by hand {} new connections, as checks {}",
        made[0], made[1]
    );
    assert!(made[0] > 20 && made[1] <= 1, "{made:?}");
}

async fn burst_by_hand(pool: &PgPool) {
    let mut asking = JoinSet::new();
    for at in 0..200_u64 {
        let pool = pool.clone();
        asking.spawn(async move {
            sleep(Duration::from_millis(at * 5)).await;
            let asked = ::sqlx::query("SELECT 1").execute(&pool);
            let _answer = timeout(Duration::from_secs(1), asked).await;
        });
    }
    asking.join_all().await;
}

/// Pings given up again and again leave a small pool as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_given_up_leak_nothing() {
    let Some(server) = primary("given-up") else {
        return;
    };
    let proxy = Proxy::to(server.address()).await;
    let options = pooled::options(proxy.address());
    let sqlx = PgPoolOptions::new()
        .max_connections(2)
        .connect_lazy_with(options);
    let mut config = deadpool::config(proxy.address());
    config.pool = Some(deadpool_postgres::PoolConfig::new(2));
    let deadpool = deadpool::pool(&config);
    let client = client::client(proxy.address()).await;
    for pool_is_warm in [false, true] {
        proxy.set(Fault::Frozen);
        for at in 0..50 {
            let limit = Duration::from_millis(5 + at % 3 * 10);
            let _late = timeout(limit, postgres::ping(&sqlx)).await;
            let _late = timeout(limit, postgres::ping(&deadpool)).await;
            let _late = timeout(limit, postgres::ping(&client)).await;
        }
        assert_eq!(sqlx.size() as usize - sqlx.num_idle(), 0, "{pool_is_warm}");
        proxy.set(Fault::None);
        let at_once = async {
            let (one, two) = (sqlx.acquire().await.unwrap(), sqlx.acquire().await.unwrap());
            for mut connection in [one, two] {
                let answer: i32 = ::sqlx::query_scalar("SELECT 42")
                    .fetch_one(&mut *connection)
                    .await
                    .unwrap();
                assert_eq!(answer, 42);
            }
            let (one, two) = (deadpool.get().await.unwrap(), deadpool.get().await.unwrap());
            for connection in [&one, &two] {
                let row = connection.query_one("SELECT 42", &[]).await.unwrap();
                assert_eq!(row.get::<_, i32>(0), 42);
            }
            let row = client.query_one("SELECT 42", &[]).await.unwrap();
            assert_eq!(row.get::<_, i32>(0), 42);
        };
        let usable = timeout(Duration::from_secs(3), at_once).await;
        usable.expect("both connections are there for the application");
        // sqlx asks a connection that is given back whether it is well.
        sleep(Duration::from_millis(200)).await;
    }
}

/// What the application asks is answered while the checks fail, over a pool that both share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_checks_leave_the_pool_to_the_application() {
    let Some(server) = primary("shared") else {
        return;
    };
    let options = pooled::options(server.address());
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect_lazy_with(options);
    let before = server.connections();
    let failing = Arc::new(Postgres::new(pool.clone()).with_replica(ALLOWED));
    let mut all = JoinSet::new();
    for task in 0..8 {
        let (pool, failing) = (pool.clone(), Arc::clone(&failing));
        all.spawn(async move {
            for _ in 0..50 {
                if task % 2 == 0 {
                    let outcome: Outcome = failing.ping().await;
                    assert_eq!(outcome.status(), Status::Unhealthy);
                } else {
                    let asked = ::sqlx::query("SELECT 1").execute(&pool);
                    timeout(Duration::from_secs(5), asked)
                        .await
                        .unwrap()
                        .unwrap();
                }
            }
        });
    }
    all.join_all().await;
    assert!(server.connections() - before <= 2);
}
