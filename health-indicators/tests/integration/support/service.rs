//! Servers that the machine runs.

use std::env;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A server that may be there: by the address in the environment, or at its usual port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) variable: &'static str,
    pub(crate) usual: &'static str,
}

impl Service {
    pub(crate) const POSTGRES: Self =
        Self::new("PostgreSQL", "HEALTH_TEST_POSTGRES", "127.0.0.1:5432");
    pub(crate) const MARIADB: Self = Self::new("MariaDB", "HEALTH_TEST_MARIADB", "127.0.0.1:3306");
    pub(crate) const REDIS: Self = Self::new("Redis", "HEALTH_TEST_REDIS", "127.0.0.1:6379");
    pub(crate) const RABBITMQ: Self =
        Self::new("RabbitMQ", "HEALTH_TEST_RABBITMQ", "127.0.0.1:5672");
    pub(crate) const MOSQUITTO: Self =
        Self::new("Mosquitto", "HEALTH_TEST_MOSQUITTO", "127.0.0.1:1883");
    pub(crate) const NATS: Self = Self::new("NATS", "HEALTH_TEST_NATS", "127.0.0.1:4222");

    const fn new(name: &'static str, variable: &'static str, usual: &'static str) -> Self {
        Self {
            name,
            variable,
            usual,
        }
    }

    /// Where it listens; none, with a word about it, if it does not.
    pub(crate) fn address(self) -> Option<SocketAddr> {
        let address = env::var(self.variable).unwrap_or_else(|_| self.usual.to_owned());
        let found = address
            .to_socket_addrs()
            .ok()
            .and_then(|mut all| all.next());
        let listens =
            |at: &SocketAddr| TcpStream::connect_timeout(at, Duration::from_secs(2)).is_ok();
        match found.filter(listens) {
            Some(at) => Some(at),
            None => skipped(&format!(
                "{}: nothing listens at {address}; {} names another address",
                self.name, self.variable
            )),
        }
    }
}

/// Says that something is not tested, and why; where all has to be, that is a failure.
pub(crate) fn skipped<T>(why: &str) -> Option<T> {
    if env::var("HEALTH_TEST_SERVICES").is_ok_and(|value| value == "required") {
        panic!("not to be skipped: {why}");
    }
    println!("SKIPPED {why}");
    None
}

/// Says that something is not tested since this user may not do it, here; nothing that one installs
/// changes that.
pub(crate) fn not_permitted<T>(why: &str) -> Option<T> {
    println!("SKIPPED not permitted: {why}");
    None
}
