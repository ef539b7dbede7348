//! Memcached, over its text protocol.
//!
//! ```no_run
//! # fn shown() -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::memcached;
//!
//! let health = HealthBuilder::empty()
//!     .check(memcached::check("cache:11211").readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::time::Duration;

use health_core::{Check, Outcome};

use crate::budget::Budget;
use crate::failure::Failure;
use crate::line::{Alone, Kept, Lines};
use crate::measured::Measured;
use crate::nonce::nonce;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// Asks the server for its version.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::memcached::{self, Memcached};
///
/// /// The page cache answers; `main` registers `Memcached::new("cache:11211")` as state.
/// #[health_check(kind = "readiness", timeout_ms = 1000)]
/// async fn page_cache(server: State<Memcached>) -> Outcome {
///     memcached::ping(&server).await
/// }
/// ```
///
/// See [`Memcached`] for what it says.
pub async fn ping(server: &Memcached) -> Outcome {
    server.ping().await
}

/// A check of the name `memcached`, with a timeout of [`TIMEOUT`], of the server at `address`, which
/// is `host:port`. It serves no probe until told which.
#[track_caller]
pub fn check(address: impl Into<String>) -> Check {
    Memcached::new(address).check()
}

/// A Memcached server.
///
/// It has a connection of its own, for there is no client that all use: one, which is kept from run
/// to run and made anew when it is lost. So make one value, and keep it as state for [`ping`], or make
/// a check of it:
///
/// ```
/// use health_indicators::memcached::Memcached;
///
/// let pages = Memcached::new("cache:11211")
///     .with_round_trip("shop:health:")
///     .check()
///     .with_name("pages")
///     .readiness();
/// ```
///
/// | public message | when |
/// |---|---|
/// | `connection refused`, `name not found` and the like | nothing listens there, or the network fails |
/// | `no connection within 712 ms` | the server, or what is in front of it, lets one wait |
/// | `connected, but no answer within 949 ms` | it does not answer |
/// | `connection closed by the server` | it closes each connection at once |
/// | `too many connections at the server`, `credentials required`, `the server reports an error` | it says so |
/// | `the server has no memory left`, `what was written was not read` | with [`Memcached::with_round_trip`] |
/// | `busy with another run` | values are shared, and runs at the same time wait for each other |
/// | `unexpected answer` | something else than Memcached answers |
///
/// Measured values: `acquire_ms`, next to nothing where the connection was kept; `query_ms` and
/// `version`.
pub struct Memcached {
    connection: Kept,
    connect_timeout: Option<Duration>,
    round_trip: Option<String>,
}

impl Memcached {
    /// The server at `address`, which is `host:port`. Nothing is connected before the first run.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            connection: Kept::new(address.into()),
            connect_timeout: None,
            round_trip: None,
        }
    }

    /// How long to wait for a connection. Default, and at most: three quarters of the time that the
    /// run has.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Also writes a key, reads it and deletes it, in the same round trip. Default: only the version
    /// is asked for.
    ///
    /// The key is `prefix` and a text that no other run has; should its deletion be lost, it expires
    /// after 10 s. Where a key may not have what `prefix` has, such as spaces, or more than 200
    /// bytes of it, that is left out.
    #[must_use]
    pub fn with_round_trip(mut self, prefix: impl Into<String>) -> Self {
        let prefix: String = prefix.into();
        let allowed = prefix.chars().filter(char::is_ascii_graphic);
        self.round_trip = Some(allowed.take(200).collect());
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        let mut measured = Measured::default();
        let found = self.ask(&mut measured).await;
        measured.told(found)
    }

    /// A check of the name `memcached`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("memcached", TIMEOUT, self, async |server| {
            server.ping().await
        })
    }

    async fn ask(&self, measured: &mut Measured) -> Result<Outcome, Failure> {
        let budget = Budget::begin(TIMEOUT);
        let alone = budget.first(None).of(self.connection.alone()).await;
        let (mut alone, _) = alone.map_err(|_| Failure::new("busy with another run"))?;
        loop {
            let mut lines = self.connect(&budget, &mut alone, measured).await?;
            let question = Question::new(self.round_trip.as_deref());
            let asked = budget.rest().of(question.ask(&mut lines)).await;
            let (answer, took) = asked.map_err(Failure::no_answer)?;
            measured.time("query_ms", took);
            match answer {
                // What happened to it while it was idle says nothing of the server.
                Err(failure) if failure.is_closed() && !lines.is_new() => {}
                Err(failure) => return Err(failure),
                Ok(version) => {
                    measured.version(version);
                    alone.put_back(lines);
                    return Ok(Outcome::healthy());
                }
            }
        }
    }

    async fn connect(
        &self,
        budget: &Budget,
        alone: &mut Alone<'_>,
        measured: &mut Measured,
    ) -> Result<Lines, Failure> {
        let step = budget.first(self.connect_timeout);
        let connected = step.of(alone.connection()).await;
        let (lines, took) = connected.map_err(Failure::not_connected)?;
        measured.time("acquire_ms", took);
        lines.map_err(|error| Failure::of(error, "no connection"))
    }
}

impl fmt::Debug for Memcached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memcached")
            .field("connect_timeout", &self.connect_timeout)
            .field("round_trip", &self.round_trip.is_some())
            .finish_non_exhaustive()
    }
}

/// One question. What is written in it comes back in its answer, and in no other.
struct Question {
    key: Option<String>,
    nonce: String,
}

impl Question {
    fn new(prefix: Option<&str>) -> Self {
        let nonce = nonce();
        Self {
            key: prefix.map(|prefix| format!("{prefix}{nonce}")),
            nonce,
        }
    }

    /// The version of the server. All that it answers was read, unless there is a failure.
    async fn ask(&self, lines: &mut Lines) -> Result<String, Failure> {
        lines.write(self.commands().as_bytes()).await?;
        let version = expected(&lines.line().await?, |line| line.strip_prefix("VERSION "))?;
        if let Some(key) = &self.key {
            self.read_back(key, lines).await?;
        }
        Ok(version)
    }

    fn commands(&self) -> String {
        let mut commands = "version\r\n".to_owned();
        if let Some(key) = &self.key {
            let (value, length) = (&self.nonce, self.nonce.len());
            commands += &format!(
                "set {key} 0 {KEPT_SECONDS} {length}\r\n{value}\r\nget {key}\r\ndelete {key}\r\n"
            );
        }
        commands
    }

    async fn read_back(&self, key: &str, lines: &mut Lines) -> Result<(), Failure> {
        expected(&lines.line().await?, |line| line.strip_prefix("STORED"))?;
        let head = format!("VALUE {key} 0 {}", self.nonce.len());
        let unread = || Failure::new("what was written was not read");
        match lines.line().await? {
            line if line == head => {}
            line if line == "END" => return Err(unread()),
            line => return Err(failure(line)),
        }
        if lines.line().await? != self.nonce {
            return Err(unread());
        }
        expected(&lines.line().await?, |line| line.strip_prefix("END"))?;
        expected(&lines.line().await?, |line| line.strip_prefix("DELETED"))?;
        Ok(())
    }
}

/// How long a key stays whose deletion was lost.
const KEPT_SECONDS: u32 = 10;

/// What stands behind the beginning that a line should have.
fn expected(line: &str, rest: impl FnOnce(&str) -> Option<&str>) -> Result<String, Failure> {
    match rest(line) {
        Some(rest) => Ok(rest.to_owned()),
        None => Err(failure(line.to_owned())),
    }
}

/// What the server says where it should have said something else.
fn failure(line: String) -> Failure {
    let words = match line.split(' ').next() {
        Some("ERROR") if line.contains("Too many open connections") => {
            "too many connections at the server"
        }
        Some("CLIENT_ERROR") if line.contains("unauthenticated") => "credentials required",
        Some("SERVER_ERROR") if line.contains("out of memory") => "the server has no memory left",
        Some("ERROR" | "CLIENT_ERROR" | "SERVER_ERROR") => "the server reports an error",
        _ => "unexpected answer",
    };
    Failure::because(words, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_server_are_told_without_what_it_says_of_itself() {
        for (line, words) in [
            ("ERROR", "the server reports an error"),
            (
                "ERROR Too many open connections",
                "too many connections at the server",
            ),
            ("CLIENT_ERROR unauthenticated", "credentials required"),
            ("CLIENT_ERROR line too long", "the server reports an error"),
            (
                "SERVER_ERROR out of memory storing object",
                "the server has no memory left",
            ),
            ("SERVER_ERROR secret", "the server reports an error"),
            ("HTTP/1.1 400 Bad Request", "unexpected answer"),
            ("", "unexpected answer"),
        ] {
            assert_eq!(failure(line.to_owned()).to_string(), words, "{line}");
        }
    }

    #[test]
    fn keys_have_nothing_that_begins_another_command() {
        let memcached = Memcached::new("cache:11211").with_round_trip("a b\r\nflush_all\r\n");
        let question = Question::new(memcached.round_trip.as_deref());
        let commands = question.commands();
        let named: Vec<_> = commands.split("\r\n").collect();
        assert!(named[1].starts_with("set abflush_all"), "{commands:?}");
        assert_eq!(named.len(), 6, "{commands:?}");
        assert!(
            named[1]
                .split(' ')
                .nth(1)
                .is_some_and(|key| key.len() <= 250)
        );
    }

    #[test]
    fn nobody_is_told_where_the_server_is() {
        assert!(!format!("{:?}", Memcached::new("secret:11211")).contains("secret"));
    }
}
