//! Servers that speak TLS, and how long their certificates are still valid, over a configuration of
//! rustls.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use health_core::HealthBuilder;
//! use health_indicators::tls;
//! use tokio_rustls::rustls::ClientConfig;
//!
//! # fn shown(config: Arc<ClientConfig>) -> Result<(), health_core::BuildError> {
//! let health = HealthBuilder::empty()
//!     .check(tls::check(config, "orders.internal", 443).readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

mod session;
mod words;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Outcome, Status};
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::client::Resumption;

use self::session::Certificates;
use crate::certificate::DaysLeft;
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(3);

/// Connects with a server, as in `orders.internal` and 443, and looks at its certificates.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::tls;
/// use tokio_rustls::rustls::ClientConfig;
///
/// /// The certificate of the orders service is valid.
/// #[health_check(kind = "readiness", timeout_ms = 3000, interval_ms = 60_000)]
/// async fn orders(config: State<Arc<ClientConfig>>) -> Outcome {
///     tls::ping(&config, "orders.internal", 443).await
/// }
/// # fn main() {}
/// ```
///
/// See [`Tls`] for what it says.
pub async fn ping(config: &ClientConfig, host: &str, port: u16) -> Outcome {
    Tls::new(config.clone(), host, port).ping().await
}

/// A check of the name `tls`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(config: impl Into<Arc<ClientConfig>>, host: impl Into<String>, port: u16) -> Check {
    Tls::new(config, host, port).check()
}

/// A server that speaks TLS.
///
/// Each run makes a connection of its own, with a whole handshake, and closes it: a session that is
/// resumed would show the certificates of another day. Give the check an interval of a minute or
/// more ([`Check::with_interval`]), or a cache. What the configuration says decides, of whom it
/// trusts to which versions it speaks; nothing is switched off, also to see how long a certificate
/// is expired.
///
/// | public message | when |
/// |---|---|
/// | `certificate valid for 5 more days, less than 7` | unhealthy below 7 days, degraded below 21; see [`with_unhealthy_below`](Self::with_unhealthy_below) |
/// | `a certificate of the chain valid for 5 more days, less than 21` | degraded: another that the server sends is valid for less time than its own; clients may not need it |
/// | `certificate expired 3 days ago`, `certificate not valid yet, for 3 more days` | today is none of its days |
/// | `certificate for another name` | it is not that of the host |
/// | `certificate of an unknown issuer` | none that the configuration trusts has signed it |
/// | `certificate revoked`, `certificate for another purpose`, `certificate not accepted` | the configuration does not accept it for another reason |
/// | `client certificate required`, `client certificate rejected` | the server says so, if it says so at once |
/// | `no TLS version or cipher in common`, `no application protocol in common`, `server name not known to the server`, `handshake refused by the server` | they do not go together |
/// | `not TLS` | something else answers |
/// | `name not found` and the like | what [`dns`](crate::dns) says of the host |
/// | `connection refused` and the like | nothing listens there, or the network fails |
/// | `name not resolved within 1475 ms`, `no connection within 1475 ms` | the network lets one wait |
/// | `connected, but no answer within 2940 ms` | the server lets one wait |
/// | `connection closed by the server` | it ends the handshake without a word |
///
/// Measured values: `certificate_days`, how many days are left of the certificate of the server, in
/// whole days, rounded down, so that it is below 0 as soon as it is expired; `chain_days`, the same of
/// the certificate that expires first among all that it sends; `resolve_ms`, `connect_ms`,
/// `handshake_ms`; `tls_version`.
///
/// It speaks TLS at once; protocols that begin in plain text (STARTTLS) do not.
pub struct Tls {
    config: Arc<ClientConfig>,
    host: String,
    port: u16,
    server_name: Option<String>,
    limits: DaysLeft,
}

impl Tls {
    /// The server at this port of this host, a name or an address. `config` is that which the
    /// application connects with, as `ClientConfig` or `Arc<ClientConfig>`.
    pub fn new(config: impl Into<Arc<ClientConfig>>, host: impl Into<String>, port: u16) -> Self {
        Self {
            config: Arc::new(without_resumption(config.into())),
            host: host.into(),
            port,
            server_name: None,
            limits: DaysLeft::default(),
        }
    }

    /// The name that the certificate is for. Default: the host.
    #[must_use]
    pub fn with_server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// How many days a certificate has to be valid for not to be degraded. Default: 21.
    #[must_use]
    pub fn with_degraded_below(mut self, days: u16) -> Self {
        self.limits.degraded = days;
        self
    }

    /// How many days the certificate of the server has to be valid for not to be unhealthy.
    /// Default: 7.
    #[must_use]
    pub fn with_unhealthy_below(mut self, days: u16) -> Self {
        self.limits.unhealthy = days;
        self
    }

    /// Connects with it.
    pub async fn ping(&self) -> Outcome {
        let mut measured = Measured::default();
        let found = self.handshake(&mut measured).await;
        measured.told(found.map(|days| self.judge(days)))
    }

    /// What is said of the server's own certificate comes first.
    fn judge(&self, days: Certificates) -> Outcome {
        let own = self.limits.judge(days.own);
        match own.status() {
            Status::Healthy => self.limits.judge_chain(days.first),
            _ => own,
        }
    }

    /// A check of the name `tls`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("tls", TIMEOUT, self, async |server| server.ping().await)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn without_resumption(config: Arc<ClientConfig>) -> ClientConfig {
    let mut config = Arc::unwrap_or_clone(config);
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config
}
