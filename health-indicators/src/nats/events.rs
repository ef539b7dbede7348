use std::collections::VecDeque;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{ClientError, ConnectErrorKind, Event, ServerError};

/// What a client tells its event callback, for a [`Nats`](super::Nats) to know why it is
/// disconnected or what it may not do. Clones share what they know.
///
/// ```no_run
/// use async_nats::ConnectOptions;
/// use health_indicators::nats::{Events, Nats};
///
/// # async fn shown() -> Result<(), async_nats::ConnectError> {
/// let events = Events::new();
/// let options = ConnectOptions::new().event_callback(events.callback());
/// let client = options.connect("nats.example").await?;
/// let check = Nats::new(client).with_events(events).check().readiness();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    why: Option<&'static str>,
    refusals: VecDeque<String>,
}

impl Events {
    /// Of a client that has told nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The event callback of a client that has none of its own.
    pub fn callback(&self) -> impl Fn(Event) -> Ready<()> + Send + Sync + 'static {
        let events = self.clone();
        move |event| {
            events.seen(&event);
            ready(())
        }
    }

    /// To be called with each event, in an event callback that does other things, too.
    pub fn seen(&self, event: &Event) {
        let mut told = self.told();
        match event {
            Event::Connected => told.why = None,
            Event::ServerError(ServerError::AuthorizationViolation) => {
                told.why = Some(REJECTED);
            }
            Event::ServerError(ServerError::Other(said)) => told.server_said(said),
            Event::ClientError(ClientError::Other(kind)) => told.why = in_words(kind),
            _ => {}
        }
    }

    /// Why the client is not connected.
    pub(super) fn why(&self) -> Option<&'static str> {
        self.told().why
    }

    /// What the server said against a subject.
    pub(super) fn refusal_of(&self, subject: &str) -> Option<String> {
        let told = self.told();
        let of_it = told.refusals.iter().find(|said| said.contains(subject));
        of_it.cloned()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Told {
    fn server_said(&mut self, said: &str) {
        let lower = said.to_lowercase();
        if lower.starts_with("permissions violation") {
            self.refusals.truncate(REFUSALS - 1);
            self.refusals.push_front(said.to_owned());
        } else if lower.contains("authentication") {
            self.why = Some(REJECTED);
        }
    }
}

const REJECTED: &str = "credentials rejected";

/// How many are kept: the application may be refused something at the same time.
const REFUSALS: usize = 16;

/// The client tells only of what kind its error was, and that as a text.
fn in_words(kind: &str) -> Option<&'static str> {
    let words = [
        (ConnectErrorKind::Dns, "name not found"),
        (ConnectErrorKind::Authentication, REJECTED),
        (ConnectErrorKind::AuthorizationViolation, REJECTED),
        (ConnectErrorKind::TimedOut, "connection timed out"),
        (ConnectErrorKind::Tls, "TLS failed"),
    ];
    let of_kind = words.into_iter().find(|(of, _)| of.to_string() == kind);
    of_kind.map(|(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(subject: &str) -> Event {
        let said = format!("Permissions Violation for Publish to \"{subject}\"");
        Event::ServerError(ServerError::Other(said))
    }

    #[test]
    fn the_latest_refusals_are_kept() {
        let events = Events::new();
        events.seen(&refused("first"));
        for other in 0..REFUSALS {
            assert!(events.refusal_of("first").is_some(), "{other}");
            events.seen(&refused("others"));
        }
        assert_eq!(events.refusal_of("first"), None);
        assert!(events.refusal_of("others").is_some());
    }

    #[test]
    fn why_it_is_disconnected_is_known_until_it_is_connected() {
        let events = Events::new();
        let failed =
            |kind: ConnectErrorKind| Event::ClientError(ClientError::Other(kind.to_string()));
        events.seen(&failed(ConnectErrorKind::Dns));
        assert_eq!(events.why(), Some("name not found"));
        events.seen(&failed(ConnectErrorKind::AuthorizationViolation));
        assert_eq!(events.why(), Some("credentials rejected"));
        events.seen(&failed(ConnectErrorKind::Io));
        assert_eq!(events.why(), None);
        let expired = ServerError::Other("User Authentication Expired".to_owned());
        events.seen(&Event::ServerError(expired));
        assert_eq!(events.why(), Some("credentials rejected"));
        events.seen(&Event::Connected);
        assert_eq!(events.why(), None);
    }
}
