use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlSslMode};
use ::sqlx::{MySqlPool, Row};
use health_indicators::mysql::{self, Mysql};
use tokio::time::{sleep, timeout};

use crate::support::{Fault, Faults, Probes, Program, Proxy, Service, pool_use, told};

/// What speaks another protocol.
const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

pub(crate) fn options(to: SocketAddr) -> MySqlConnectOptions {
    MySqlConnectOptions::new()
        .host(&to.ip().to_string())
        .port(to.port())
        .username("root")
        .ssl_mode(MySqlSslMode::Disabled)
}

pub(crate) fn pool(options: MySqlConnectOptions, connections: u32) -> MySqlPool {
    MySqlPoolOptions::new()
        .max_connections(connections)
        .connect_lazy_with(options)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let Some(server) = Service::MARIADB.address() else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    let pooled = pool(options(proxy.address()), 10);
    let probes = Probes::of(mysql::check(pooled.clone()));
    let mut faults = Faults::of("MySQL and MariaDB (sqlx)");
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

    let options = || options(proxy.address());
    for (fault, options) in [
        ("wrong credentials", options().password("wrong")),
        ("no such database", options().database("none_of_this_name")),
        ("name not in the DNS", options().host("database.invalid")),
    ] {
        let probes = Probes::of(mysql::check(pool(options, 10)));
        faults.observe(fault, &probes, count).await;
    }
    let cold = || Probes::of(mysql::check(pool(options(), 10)));
    let (while_frozen, while_down) = (cold(), cold());
    faults
        .play_cold(&mut proxy, &while_frozen, &while_down)
        .await;
    faults.finish();
}

#[tokio::test]
async fn it_measures_what_it_asks() {
    let Some(server) = Service::MARIADB.address() else {
        return;
    };
    let outcome = mysql::ping(&pool(options(server), 1)).await;
    let data: Vec<_> = outcome.data().collect();
    for (name, of) in [
        ("server", "MariaDB"),
        ("version", "1"),
        ("read_only", "false"),
    ] {
        let value = data
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value);
        let value = format!("{value:?}");
        assert!(value.contains(of), "{name}: {value}");
    }
}

#[tokio::test]
async fn what_the_check_itself_uses_of_the_pool_is_not_told_as_used() {
    let Some(server) = Service::MARIADB.address() else {
        return;
    };
    let pool = pool(options(server), 2);
    let held = pool.acquire().await.unwrap();
    assert_eq!(pool_use(&mysql::ping(&pool).await), [1, 1, 2]);
    drop(held);
}

/// A server of our own, with few connections.
async fn own(name: &str) -> Option<Program> {
    let (install, server) = (
        Program::find("mariadb-install-db")?,
        Program::find("mariadbd")?,
    );
    let folder = Program::folder(name).unwrap();
    let data = format!("--datadir={}", folder.join("data").display());
    let common = ["--no-defaults", &data, "--user=root"];
    let installed = Command::new(install)
        .args(common)
        .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(installed.unwrap().success());
    let port = Program::free_port();
    let mut command = Command::new(server);
    command.args(common).args([
        &format!("--port={port}"),
        &format!("--socket={}", folder.join("socket").display()),
        "--bind-address=127.0.0.1",
        "--max-connections=12",
        "--skip-log-bin",
    ]);
    Some(Program::start(command, port).await)
}

/// How many connections there were at the server, asked over one that is there.
async fn connections(of: &MySqlPool) -> usize {
    let counted = ::sqlx::raw_sql("SHOW GLOBAL STATUS LIKE 'Connections'").fetch_one(of);
    counted.await.unwrap().get::<String, _>(1).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_servers_restart_freeze_and_fill_up() {
    let Some(mut server) = own("mariadb").await else {
        return;
    };
    let options = || options(server.address());
    let pooled = pool(options(), 2);
    let probes = Probes::of(Mysql::new(pooled.clone()).check());
    let mut faults = Faults::of("MariaDB, as the server counts connections");
    let counting = pool(options(), 1);
    let count = async || connections(&counting).await;
    assert!(count().await > 0);
    faults.observe("none", &probes, count).await;
    sleep(Duration::from_millis(100)).await;
    let before = count().await;
    server.freeze();
    let frozen = probes.at_once(200).await;
    server.thaw();
    let over = probes.until_healthy(25).await;
    let made = count().await - before;
    assert!(made <= 1, "{made}");
    faults.add("frozen", &told(&frozen), "at most 1");
    faults.add("frozen, then over", &told(&over), "");
    // Those who come when it is full are told so, and are not in the count.
    let others = pool(options(), 12);
    let mut held = Vec::new();
    while let Ok(Ok(one)) = timeout(Duration::from_secs(1), others.acquire()).await {
        held.push(one);
    }
    let late = Probes::of(mysql::check(pool(options(), 1)));
    faults.add(
        "too many connections at the server",
        &told(&late.one().await),
        "",
    );
    drop(held);
    others.close().await;
    server.restart().await;
    let before = connections(&counting).await;
    let restarted = probes.at_once(200).await;
    let made = connections(&counting).await - before;
    faults.add(
        "restarted",
        &told(&restarted),
        if made <= 1 { "at most 1" } else { "more" },
    );
    server.stop();
    faults.add("stopped", &told(&probes.at_once(200).await), "");
    server.restart().await;
    faults.recovers("stopped", &probes).await;
    faults.finish();
}

/// Pings given up again and again leave a small pool as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_given_up_leak_nothing() {
    let Some(server) = Service::MARIADB.address() else {
        return;
    };
    let proxy = Proxy::to(server).await;
    let pool = pool(options(proxy.address()), 2);
    for _warm in [false, true] {
        proxy.set(Fault::Frozen);
        for at in 0..50 {
            let _late = timeout(Duration::from_millis(5 + at % 3 * 10), mysql::ping(&pool)).await;
        }
        assert_eq!(pool.size() as usize - pool.num_idle(), 0);
        proxy.set(Fault::None);
        let at_once = async {
            let (one, two) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
            for mut connection in [one, two] {
                let asked = ::sqlx::query_scalar("SELECT 42").fetch_one(&mut *connection);
                let answer: i32 = asked.await.unwrap();
                assert_eq!(answer, 42);
            }
        };
        let usable = timeout(Duration::from_secs(3), at_once).await;
        usable.expect("both connections are there for the application");
        // sqlx asks a connection that is given back whether it is well.
        sleep(Duration::from_millis(200)).await;
    }
}
