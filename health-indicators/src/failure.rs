use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use health_core::Outcome;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Why an operation failed: in public words, which name no host, user or database, and as the
/// private error of the client.
#[derive(Debug)]
pub(crate) struct Failure {
    message: Cow<'static, str>,
    error: Option<BoxError>,
}

impl Failure {
    /// A failure in these public words.
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            error: None,
        }
    }

    /// In these words, because of a private error.
    pub(crate) fn because(
        message: impl Into<Cow<'static, str>>,
        error: impl Into<BoxError>,
    ) -> Self {
        Self {
            message: message.into(),
            error: Some(error.into()),
        }
    }

    /// In the words for what the error, or one that led to it, is to the network; else in
    /// `otherwise`.
    pub(crate) fn of(error: impl Into<BoxError>, otherwise: &'static str) -> Self {
        let error = error.into();
        Self::because(in_words(error.as_ref()).unwrap_or(otherwise), error)
    }

    /// In these words, because of the same private error.
    #[cfg(feature = "tokio-postgres")]
    pub(crate) fn saying(self, message: &'static str) -> Self {
        Self {
            message: message.into(),
            ..self
        }
    }

    /// In its own words, but because of the error of another.
    #[cfg(feature = "sqlx-sqlite")]
    pub(crate) fn instead_of(self, other: Option<Self>) -> Self {
        Self {
            error: self.error.or(other.and_then(|other| other.error)),
            ..self
        }
    }

    /// Whether the other side has closed the connection, as it has those that were made before it
    /// was restarted.
    pub(crate) fn is_closed(&self) -> bool {
        self.message == CLOSED
    }

    /// Nothing came to be connected with in this time.
    pub(crate) fn not_connected(within: Duration) -> Self {
        Self::new(format!("no connection within {}", spelled(within)))
    }

    /// The name was not resolved in this time.
    pub(crate) fn not_resolved(within: Duration) -> Self {
        Self::new(format!("name not resolved within {}", spelled(within)))
    }

    /// It was connected, but did not answer in this time.
    pub(crate) fn no_answer(within: Duration) -> Self {
        Self::new(format!(
            "connected, but no answer within {}",
            spelled(within)
        ))
    }

    /// There was no answer in this time; nobody knows whether there was a connection.
    pub(crate) fn silent(within: Duration) -> Self {
        Self::new(format!("no answer within {}", spelled(within)))
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        let outcome = Self::unhealthy(failure.message);
        match failure.error {
            Some(error) => outcome.with_error(error),
            None => outcome,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What is said where the other side has closed the connection.
pub(crate) const CLOSED: &str = "connection closed by the server";

/// The same of a client that will never have another connection.
pub(crate) const NO_OTHER: &str = "connection closed by the server, and this client makes no other";

/// Whole milliseconds.
pub(crate) fn spelled(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

/// The words for the first error of the network among an error and those that led to it.
pub(crate) fn in_words(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(error) = next.map(unshared) {
        if let Some(words) = error.downcast_ref::<io::Error>().and_then(io_in_words) {
            return Some(words);
        }
        next = error.source();
    }
    None
}

/// A client that clones its errors shares them; as the source of another, the shared pointer then
/// stands in front of the error itself.
fn unshared<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    match error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        Some(shared) => shared.as_ref(),
        None => error,
    }
}

fn io_in_words(error: &io::Error) -> Option<&'static str> {
    let words = match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => CLOSED,
        ErrorKind::HostUnreachable => "host unreachable",
        ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => "network unreachable",
        ErrorKind::TimedOut => "connection timed out",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::NotFound => "no such socket",
        _ => return in_words(error.get_ref()?).or_else(|| unresolved(error)),
    };
    Some(words)
}

/// The standard library has no kinds for it, and each platform its own words behind these; those of
/// glibc, musl and macOS.
fn unresolved(error: &io::Error) -> Option<&'static str> {
    let said = error.to_string();
    let why = said.strip_prefix("failed to lookup address information")?;
    let is = |words: &[&str]| words.iter().any(|words| why.contains(words));
    Some(if is(&["Temporary failure", "Try again"]) {
        NO_RESOLVER
    } else if is(&["No address associated", "no usable address"]) {
        NO_ADDRESSES
    } else {
        NOT_FOUND
    })
}

/// What is said where the DNS knows no such name.
pub(crate) const NOT_FOUND: &str = "name not found";

/// What is said where the DNS knows the name, but no address.
pub(crate) const NO_ADDRESSES: &str = "name has no addresses";

/// What is said where the DNS says nothing of the name.
pub(crate) const NO_RESOLVER: &str = "DNS servers fail or do not answer";

#[cfg(test)]
mod tests {
    use std::net::ToSocketAddrs;

    use super::*;

    #[test]
    fn errors_of_the_network_have_words_however_deep_they_lie() {
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        assert_eq!(in_words(&refused()), Some("connection refused"));
        let wrapped = io::Error::other(io::Error::other(refused()));
        assert_eq!(in_words(&wrapped), Some("connection refused"));
        let shared: Arc<dyn Error + Send + Sync> = Arc::new(refused());
        assert_eq!(in_words(&shared), Some("connection refused"));
        assert_eq!(in_words(&io::Error::other("secret")), None);
        let missing = "no.such.name.invalid:1".to_socket_addrs().map(drop);
        assert_eq!(
            in_words(&missing.expect_err("`invalid` has no names")),
            Some("name not found")
        );
        for (why, words) in [
            ("Name or service not known", NOT_FOUND),
            ("Temporary failure in name resolution", NO_RESOLVER),
            ("No address associated with hostname", NO_ADDRESSES),
        ] {
            let error = io::Error::other(format!("failed to lookup address information: {why}"));
            assert_eq!(in_words(&error), Some(words));
        }
    }
}
