//! A run that has not ended.

use std::time::Duration;

use tokio::time::Instant;

use super::batch::Waiters;
use super::executor::Permit;
use super::instance::{Question, RunId};
use super::why::{Why, failed};
use crate::sample::{Asked, Sample, spell};
use crate::tally::Token;
use crate::{Check, ProbePath, Reason};

/// A run that has not ended. Its result may be known all the same: that it is overdue.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) run: RunId,
    pub(super) asked: Asked,
    timeout: Duration,
    /// Whether its result is known.
    pub(super) settled: bool,
    /// When it counts as a failing run, the next time. Counted from when somebody looked last, so
    /// that a process which was suspended has not failed for each span that it missed.
    due: Instant,
    pub(super) waiting: Waiters,
    /// By way of whom it has begun.
    pub(super) begun: ProbePath,
    /// What it keeps others from while it has not settled.
    pub(super) permit: Option<Permit>,
    /// Counts it as long as it is overdue.
    pub(super) stuck: Option<Token>,
}

/// Says why a check gets nowhere, if the engine knows.
pub(crate) type Hint<'a> = &'a dyn Fn(&str) -> Option<Why>;

impl Flight {
    pub(super) fn new(run: RunId, check: &Check, question: Question<'_>) -> Self {
        let asked = question.asked;
        let timeout = check.settings().longest_timeout();
        Self {
            run,
            asked,
            timeout,
            settled: false,
            due: asked.instant + timeout,
            waiting: Waiters::of(question.batch),
            begun: question.path.cloned().unwrap_or_default(),
            permit: None,
            stuck: None,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.asked.instant + self.timeout
    }

    /// Whether it counts as a failing run now, for the first time or once more.
    pub(super) fn fails_now(&mut self, now: Instant) -> bool {
        let fails = now >= self.due;
        if fails {
            self.due = now + self.timeout;
        }
        fails
    }

    pub(super) fn timed_out(&self, why: Option<Why>) -> Sample {
        timed_out(self.asked, self.timeout, why)
    }

    pub(super) fn still_running(&self, asked: Asked, why: Option<Why>) -> Sample {
        let running = asked.instant.duration_since(self.asked.instant);
        let text = format!("still running after {}", spell(running));
        failed(asked, Reason::StillRunning, text, why)
    }
}

/// The result of a timeout: `Timeout after 500ms`.
pub(super) fn timed_out(asked: Asked, after: Duration, why: Option<Why>) -> Sample {
    let text = format!("Timeout after {}ms", after.as_millis());
    failed(asked, Reason::TimedOut, text, why)
}

/// The result where the probe's deadline comes before the timeout.
pub(super) fn out_of_time(asked: Asked, deadline: Duration, why: Option<Why>) -> Sample {
    let deadline = deadline.as_millis();
    let text = format!("no answer within the probe's deadline of {deadline}ms");
    failed(asked, Reason::TimedOut, text, why)
}
