use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Failure;

/// How long a refusal stands at first, and at most.
const FIRST: Duration = Duration::from_secs(5);
const MOST: Duration = Duration::from_secs(300);

/// What the server refused last, and when to ask again.
///
/// It closes the channel over which it was asked, and lapin then lets nothing pass on a channel of
/// the same number any more, whoever opens it: each refusal takes one of the numbers of the
/// connection, of which there are 2047, from the application.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Option<Refusal>>);

#[derive(Debug)]
struct Refusal {
    message: String,
    stands: Duration,
    until: Instant,
}

impl Refusals {
    /// That which need not be asked again yet.
    pub(super) fn standing(&self) -> Option<Failure> {
        let last = self.last();
        let standing = last.as_ref().filter(|last| Instant::now() < last.until)?;
        Some(Failure::new(standing.message.clone()))
    }

    /// What was refused now; none, if nothing was.
    pub(super) fn note(&self, failure: Option<&Failure>) {
        let mut last = self.last();
        let before = last.take();
        let Some(failure) = failure else {
            return;
        };
        let stands = before.map_or(FIRST, |before| (before.stands * 2).min(MOST));
        *last = Some(Refusal {
            message: failure.to_string(),
            stands,
            until: Instant::now() + stands,
        });
    }

    fn last(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn standing(refusals: &Refusals) -> Option<String> {
        refusals.standing().map(|failure| failure.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_less_and_less_often_until_it_is_allowed() {
        let refusals = Refusals::default();
        assert_eq!(standing(&refusals), None);
        let missing = Failure::new("queue not found");
        for seconds in [5, 10, 20, 40, 80, 160, 300, 300] {
            refusals.note(Some(&missing));
            advance(Duration::from_secs(seconds) - Duration::from_millis(1)).await;
            assert_eq!(standing(&refusals).as_deref(), Some("queue not found"));
            advance(Duration::from_millis(1)).await;
            assert_eq!(standing(&refusals), None, "after {seconds} s");
        }
        refusals.note(None);
        refusals.note(Some(&missing));
        advance(FIRST).await;
        assert_eq!(standing(&refusals), None);
    }
}
