mod cancelled;
#[cfg(feature = "redis-cluster")]
mod cluster;
mod faults;
mod states;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, cmd};

use crate::support::{Program, Proxy};

/// What speaks another protocol.
const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

fn client(user: &str, to: SocketAddr) -> Client {
    Client::open(format!("redis://{user}{to}/")).unwrap()
}

async fn connection(to: SocketAddr) -> MultiplexedConnection {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(LONG));
    let client = client("", to);
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    connecting.await.unwrap()
}

/// For what has to be done, however busy the machine is.
const LONG: Duration = Duration::from_secs(20);

/// A manager that tries at most so often again, a second or two apart.
fn manager(client: Client, retries: usize) -> ConnectionManager {
    let second = Duration::from_secs(1);
    let config = ConnectionManagerConfig::new()
        .set_min_delay(second)
        .set_max_delay(second)
        .set_number_of_retries(retries);
    ConnectionManager::new_lazy_with_config(client, config).unwrap()
}

#[cfg(feature = "deadpool-redis")]
fn pool(user: &str, to: &str, size: usize) -> deadpool_redis::Pool {
    let mut config = deadpool_redis::Config::from_url(format!("redis://{user}{to}/"));
    config.pool = Some(deadpool_redis::PoolConfig::new(size));
    config
        .create_pool(Some(deadpool_redis::Runtime::Tokio1))
        .unwrap()
}

/// A server of the test's own, if one can be had; `name` is that of its folder.
async fn server(name: &str, arguments: &[&str]) -> Option<Program> {
    let program = Program::find("redis-server")?;
    let port = Program::free_port();
    let mut command = Command::new(program);
    command
        .current_dir(Program::folder(name).unwrap())
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--appendonly", "no", "--save", ""])
        .args(arguments);
    Some(Program::start(command, port).await)
}

/// What a server answers, asked over a connection that is not counted with others.
async fn says<T: FromRedisValue>(connection: &MultiplexedConnection, words: &str) -> T {
    let mut connection = connection.clone();
    connection.set_response_timeout(LONG);
    let answer = command(words).query_async(&mut connection).await;
    answer.unwrap_or_else(|error| panic!("{words}: {error}"))
}

fn command(words: &str) -> Cmd {
    let mut words = words.split(' ');
    let mut command = cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    command
}

/// How many connections a server was asked for in all.
async fn received(connection: &MultiplexedConnection) -> usize {
    let stats: String = says(connection, "INFO stats").await;
    let count = stats
        .lines()
        .find_map(|line| line.strip_prefix("total_connections_received:"));
    count.unwrap().trim().parse().unwrap()
}

fn accepted(proxy: &Proxy) -> impl AsyncFn() -> usize + use<> {
    let counter = proxy.counter();
    async move || counter.load(Ordering::SeqCst)
}
