//! What is logged of results, and when: at a transition, when other children fail than before, and
//! when the text of a failure changes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::finding::{Finding, Found, FoundChild};
use crate::lifecycle::Lifecycle;
use crate::sample::milliseconds;
use crate::{Check, Probe, Reason, Status};

/// A failure whose text keeps changing is told at most this often.
const QUIET: Duration = Duration::from_secs(60);

/// What was last told of a check.
#[derive(Debug)]
pub(crate) struct Told {
    lifecycle: Arc<Lifecycle>,
    last: Option<Last>,
    /// The children that did not do well when they were last spoken of.
    ill: BTreeSet<Ill>,
}

/// A child and its status.
type Ill = (Arc<str>, Status);

#[derive(Debug)]
struct Last {
    finding: Finding,
    at: Instant,
    expected: bool,
}

/// A result, and what is to be said of it.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) finding: Finding,
    /// What the check was taken to be before.
    pub(crate) before: Option<Status>,
    /// Whether it is the result of a run, or the same run counting again.
    pub(crate) ran: bool,
    pub(crate) line: Option<Line>,
    /// Whether it is a failure that is no surprise.
    pub(crate) expected: bool,
    /// Whether anything changes by it: not if the check is disabled, or gone.
    pub(crate) counts: bool,
    /// When it was known.
    pub(crate) at: SystemTime,
}

impl News {
    /// A run that changes nothing.
    pub(crate) fn of_a_run_alone(finding: Finding, now: Instant) -> Self {
        Self {
            before: finding.standing.decided(),
            at: finding.sample.asked().until(now).at,
            finding,
            ran: true,
            line: None,
            expected: true,
            counts: false,
        }
    }

    /// How long the run took, or after which time it was given up.
    pub(crate) fn duration(&self) -> Duration {
        let sample = &self.finding.sample;
        let given_up = || self.at.duration_since(sample.at).unwrap_or_default();
        sample.latency.unwrap_or_else(given_up)
    }

    /// Logs it, if it is worth a line. Called outside every lock, for a log is the user's code.
    pub(crate) fn log(&self, check: &Check) {
        if let Some(line) = self.line {
            line.log(check, &self.finding, self.expected);
        }
    }
}

/// Why a result is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What was told before, if anything was.
    from: Option<Option<Status>>,
}

impl Told {
    pub(crate) fn nothing(lifecycle: &Arc<Lifecycle>) -> Self {
        Self {
            lifecycle: Arc::clone(lifecycle),
            last: None,
            ill: BTreeSet::new(),
        }
    }

    /// Takes note of a result; `before` is what the check was taken to be until then.
    pub(crate) fn hear(
        &mut self,
        before: Option<Status>,
        finding: Finding,
        now: Instant,
        ran: bool,
    ) -> News {
        let expected = !finding.sample.raw.is_passing()
            && finding.sample.reason != Some(Reason::NotInitialised)
            && self.lifecycle.expects_failures();
        let others_are_ill = self.hear_of_children(&finding);
        let line = self.line(&finding, now, expected, others_are_ill);
        if line.is_some() {
            let finding = finding.clone();
            self.last = Some(Last {
                finding,
                at: now,
                expected,
            });
        }
        News {
            at: finding.sample.asked().until(now).at,
            finding,
            before,
            ran,
            line,
            expected,
            counts: true,
        }
    }

    /// Whether it says that other children are ill than before.
    fn hear_of_children(&mut self, finding: &Found) -> bool {
        if finding.children.is_empty()
            && (self.ill.is_empty() || !finding.sample.speaks_of_children())
        {
            return false;
        }
        let ill: BTreeSet<Ill> = finding.children.iter().filter_map(ill).collect();
        let changed = ill != self.ill;
        self.ill = ill;
        changed
    }

    /// The next thing is told as the first one is.
    pub(crate) fn forget(&mut self) {
        self.last = None;
        self.ill.clear();
    }

    /// What the check was last told to be.
    pub(crate) fn last_decided(&self) -> Option<Status> {
        self.last.as_ref()?.finding.standing.decided()
    }

    /// The check has passed for the first time.
    pub(crate) fn passed(&self, check: &Check) {
        self.lifecycle.has_started(check.identity());
    }

    /// Decides whether it is worth a line.
    fn line(
        &self,
        finding: &Found,
        now: Instant,
        expected: bool,
        others_are_ill: bool,
    ) -> Option<Line> {
        let Some(last) = &self.last else {
            return Some(Line { from: None });
        };
        let from = last.finding.standing.decided();
        let status = finding.standing.decided();
        // What was no surprise before may be one now.
        let surprises = last.expected && !expected && !finding.sample.raw.is_passing();
        if from == status && !surprises {
            let passes = status == Some(Status::Healthy);
            let is_news = || {
                others_are_ill
                    || now.duration_since(last.at) >= QUIET && says_another(&last.finding, finding)
            };
            if passes || !is_news() {
                return None;
            }
        }
        Some(Line { from: Some(from) })
    }
}

fn ill(child: &FoundChild) -> Option<Ill> {
    let decided = child.standing.decided();
    let ill = decided.filter(|status| *status != Status::Healthy)?;
    Some((Arc::clone(&child.sample.name), ill))
}

/// Whether the texts of a check or of its children differ.
fn says_another(last: &Found, now: &Found) -> bool {
    last.sample.text() != now.sample.text() || last.told_children() != now.told_children()
}

impl Line {
    /// Logs it at the level that it deserves: what is to be expected just now is no error. Called
    /// outside every lock.
    pub(crate) fn log(self, check: &Check, finding: &Found, expected: bool) {
        let to = finding.standing.decided();
        let sample = &finding.sample;
        let children = finding.told_children();
        macro_rules! tell {
            ($level:ident, $text:literal) => {
                tracing::$level!(
                    target: "health",
                    check = check.name(),
                    critical = check.is_critical(),
                    from = self.from.flatten().map(Status::as_str),
                    to = to.unwrap_or(sample.raw).as_str(),
                    reason = sample.reason.map(Reason::as_str),
                    latency_ms = sample.latency.map(milliseconds),
                    error = sample.text(),
                    children = children.as_deref(),
                    $text
                )
            };
        }
        match (to, self.from) {
            (Some(Status::Healthy), None) => tell!(debug, "check passes"),
            (Some(Status::Healthy), _) if is_startup_only(check) => tell!(info, "check passes"),
            (Some(Status::Healthy), Some(None)) => tell!(info, "check passes"),
            (Some(Status::Healthy), _) => tell!(info, "check passes again"),
            (Some(Status::Degraded), _) => tell!(warn, "check is degraded"),
            (None, _) => tell!(info, "check does not pass yet"),
            (Some(Status::Unhealthy), None) if is_startup_only(check) => {
                tell!(info, "check does not pass yet");
            }
            (Some(Status::Unhealthy), _) if expected => {
                tell!(info, "check fails, as is to be expected just now");
            }
            (Some(Status::Unhealthy), _) if !check.is_critical() => {
                tell!(warn, "check that is not critical fails");
            }
            (Some(Status::Unhealthy), _) => tell!(error, "check fails"),
        }
    }
}

fn is_startup_only(check: &Check) -> bool {
    check.probes() == Probe::Startup.into()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::Outcome;
    use crate::sample::{Asked, Sample};

    #[test]
    fn told_are_transitions_and_changed_texts_but_not_too_often() {
        let start = Instant::now();
        let mut told = Told::nothing(&Arc::default());
        let mut hear = |seconds, status, text: &'static str| {
            let asked = Asked {
                instant: start,
                at: SystemTime::UNIX_EPOCH,
            };
            let outcome = Outcome::new(status).with_message(text);
            let finding = Found::alone(Sample::of(outcome, asked, Duration::ZERO));
            let news = told.hear(None, finding, start + Duration::from_secs(seconds), true);
            news.line.map(|line| line.from.flatten())
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
