//! What is told of results, and when: at a transition, and when the text of a failure changes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::sample::Sample;
use crate::{Check, Probe, Status};

/// A failure whose text keeps changing is told at most this often.
const QUIET: Duration = Duration::from_secs(60);

/// What was last told of a check.
#[derive(Debug, Default)]
pub(crate) struct Told(Option<(Arc<Sample>, Instant)>);

impl Told {
    /// Decides whether a new result is worth telling.
    pub(crate) fn hear(&mut self, sample: &Arc<Sample>, now: Instant) -> Option<Event> {
        let from = match &self.0 {
            None => None,
            Some((last, _)) if last.status != sample.status => Some(last.status),
            Some((last, at)) => {
                let changed = last.text() != sample.text();
                let quiet = sample.status == Status::Healthy || now.duration_since(*at) < QUIET;
                if !changed || quiet {
                    return None;
                }
                Some(last.status)
            }
        };
        self.0 = Some((Arc::clone(sample), now));
        Some(Event {
            from,
            sample: Arc::clone(sample),
        })
    }
}

/// A transition, or a changed text.
#[derive(Debug)]
pub(crate) struct Event {
    from: Option<Status>,
    sample: Arc<Sample>,
}

impl Event {
    /// Logs it at the level that it deserves. Called outside every lock.
    pub(crate) fn log(&self, check: &Check) {
        macro_rules! tell {
            ($level:ident, $text:literal) => {
                tracing::$level!(
                    target: "health",
                    check = check.name(),
                    critical = check.is_critical(),
                    from = self.from.map(Status::as_str),
                    to = self.sample.status.as_str(),
                    reason = self.sample.reason.map(crate::Reason::as_str),
                    latency_ms = self.sample.latency.map(milliseconds),
                    error = self.sample.text(),
                    $text
                )
            };
        }
        match (self.sample.status, self.from) {
            (Status::Healthy, None) => tell!(debug, "check passes"),
            (Status::Healthy, _) if is_startup_only(check) => tell!(info, "check passes"),
            (Status::Healthy, Some(_)) => tell!(info, "check passes again"),
            (Status::Degraded, _) => tell!(warn, "check is degraded"),
            (Status::Unhealthy, None) if is_startup_only(check) => {
                tell!(info, "check does not pass yet");
            }
            (Status::Unhealthy, _) if !check.is_critical() => {
                tell!(warn, "check that is not critical fails");
            }
            (Status::Unhealthy, _) => tell!(error, "check fails"),
        }
    }
}

/// To the microsecond: more digits are noise.
fn milliseconds(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 1e6).round() / 1e3
}

fn is_startup_only(check: &Check) -> bool {
    check.probes() == Probe::Startup.into()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::sample::Asked;
    use crate::{Outcome, Status};

    #[test]
    fn told_are_transitions_and_changed_texts_but_not_too_often() {
        let start = Instant::now();
        let mut told = Told::default();
        let mut hear = |seconds, status, text: &'static str| {
            let asked = Asked {
                instant: start,
                at: SystemTime::UNIX_EPOCH,
            };
            let outcome = Outcome::new(status).with_message(text);
            let sample = Arc::new(Sample::of(outcome, asked, Duration::ZERO));
            let event = told.hear(&sample, start + Duration::from_secs(seconds));
            event.map(|event| event.from)
        };
        use Status::{Degraded, Healthy, Unhealthy};
        assert_eq!(hear(0, Healthy, ""), Some(None), "the first result");
        assert_eq!(
            hear(1, Healthy, "other"),
            None,
            "a healthy text does not matter"
        );
        assert_eq!(hear(2, Unhealthy, "a"), Some(Some(Healthy)));
        assert_eq!(hear(3, Unhealthy, "a"), None);
        assert_eq!(hear(4, Unhealthy, "b"), None, "too soon");
        assert_eq!(hear(62, Unhealthy, "b"), Some(Some(Unhealthy)));
        assert_eq!(hear(63, Degraded, "b"), Some(Some(Unhealthy)));
        assert_eq!(hear(64, Healthy, ""), Some(Some(Degraded)));
    }
}
