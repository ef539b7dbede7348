//! Whether a TCP port accepts connections, and greets as is expected.
//!
//! ```no_run
//! # fn shown() -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::tcp::{self, Tcp};
//!
//! let mail = Tcp::new("mail.internal:25").with_greeting("220 ");
//! let health = HealthBuilder::empty()
//!     .check(tcp::check("ldap.internal:389").with_name("directory").readiness())
//!     .check(mail.check().with_name("mail").readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::time::Duration;

use health_core::{Check, Outcome};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::address::Address;
use crate::budget::Budget;
use crate::failure::{CLOSED, Failure};
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Connects to `address`, which is `host:port`, and closes the connection.
///
/// ```no_run
/// use health_core::{Outcome, health_check};
/// use health_indicators::tcp;
///
/// /// The mail server listens.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn mail() -> Outcome {
///     tcp::ping("mail.internal:25").await
/// }
/// ```
///
/// See [`Tcp`] for what it says.
pub async fn ping(address: &str) -> Outcome {
    Tcp::new(address).ping().await
}

/// A check of the name `tcp`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(address: impl Into<String>) -> Check {
    Tcp::new(address).check()
}

/// A TCP port.
///
/// Each run opens one connection and closes it, for that is what it asks: whether the port accepts
/// one. Where a client is at hand that keeps its connections, a check over that client asks less of
/// the network and proves more.
///
/// | public message | when |
/// |---|---|
/// | `name not found` | the name has no address |
/// | `name not resolved within 1425 ms` | the DNS does not answer |
/// | `connection refused` and the like | nothing listens there, or the network fails |
/// | `no connection within 1900 ms` | nobody answers at any of the addresses |
/// | `connected, but no answer within 1898 ms` | a greeting is expected, and does not come |
/// | `connection closed by the server` | a greeting is expected, and it hangs up instead |
/// | `unexpected answer` | it greets in other words |
/// | `the address is not of the form host:port` | that is so |
///
/// Measured values: `resolve_ms`, `connect_ms`, and where a greeting is expected `greeting_ms`.
pub struct Tcp {
    address: Address,
    greeting: Option<Vec<u8>>,
}

impl Tcp {
    /// The port at `address`, which is `host:port`; an IPv6 address stands in brackets.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: Address::new(address),
            greeting: None,
        }
    }

    /// What the server has to say first: `220 ` for SMTP and FTP, `SSH-2.0-` for SSH, `+OK` for POP3,
    /// `* OK` for IMAP. No more is read than that. Default: nothing is waited for.
    #[must_use]
    pub fn with_greeting(mut self, greeting: impl Into<Vec<u8>>) -> Self {
        self.greeting = Some(greeting.into());
        self
    }

    /// Connects to it.
    pub async fn ping(&self) -> Outcome {
        let mut measured = Measured::default();
        let found = self.ask(&mut measured).await;
        measured.told(found)
    }

    /// A check of the name `tcp`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("tcp", TIMEOUT, self, async |port| port.ping().await)
    }

    async fn ask(&self, measured: &mut Measured) -> Result<Outcome, Failure> {
        let budget = Budget::begin(TIMEOUT);
        let greets = self.greeting.is_some();
        let connecting = self.address.connect(budget, greets, measured);
        let mut stream = connecting.await?;
        if let Some(expected) = &self.greeting {
            let greeted = budget.rest().of(greeted(&mut stream, expected)).await;
            let (answer, took) = greeted.map_err(Failure::no_answer)?;
            measured.time("greeting_ms", took);
            answer?;
        }
        Ok(Outcome::healthy())
    }
}

impl fmt::Debug for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tcp")
            .field("expects_greeting", &self.greeting.is_some())
            .finish_non_exhaustive()
    }
}

/// Reads as much as is expected, or until it is something else.
async fn greeted(stream: &mut TcpStream, mut expected: &[u8]) -> Result<(), Failure> {
    let mut piece = [0; 256];
    while !expected.is_empty() {
        let most = expected.len().min(piece.len());
        let reading = stream.read(&mut piece[..most]).await;
        let read = reading.map_err(|error| Failure::of(error, CLOSED))?;
        if read == 0 {
            return Err(Failure::new(CLOSED));
        }
        expected = expected
            .strip_prefix(&piece[..read])
            .ok_or_else(|| Failure::new("unexpected answer"))?;
    }
    Ok(())
}
