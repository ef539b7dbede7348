//! A run that has not ended.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::batch::Batch;
use super::executor::Permit;
use super::instance::RunId;
use crate::sample::{Asked, Sample, spell};
use crate::{Check, Reason};

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
    pub(super) waiting: Vec<Arc<Batch>>,
    /// What it keeps others from while it has not settled.
    pub(super) permit: Option<Permit>,
}

/// Says why a check gets nowhere, if the engine knows.
pub(crate) type Hint<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Flight {
    pub(super) fn new(run: RunId, asked: Asked, check: &Check, first: Arc<Batch>) -> Self {
        let timeout = check.settings().longest_timeout();
        Self {
            run,
            asked,
            timeout,
            settled: false,
            due: asked.instant + timeout,
            waiting: vec![first],
            permit: None,
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

    pub(super) fn timed_out(&self, why: Option<String>) -> Sample {
        let message = timed_out(self.timeout, why);
        self.asked.failed(Reason::TimedOut, message)
    }

    pub(super) fn still_running(&self, asked: Asked, why: Option<String>) -> Sample {
        let running = asked.instant.duration_since(self.asked.instant);
        let message = because(format!("still running after {}", spell(running)), why);
        asked.failed(Reason::StillRunning, message)
    }
}

/// The text of a timeout: `Timeout after 500ms`.
pub(super) fn timed_out(after: Duration, why: Option<String>) -> Cow<'static, str> {
    because(format!("Timeout after {}ms", after.as_millis()), why)
}

/// The text where the probe's deadline comes before the timeout.
pub(super) fn out_of_time(deadline: Duration, why: Option<String>) -> Cow<'static, str> {
    let deadline = deadline.as_millis();
    because(
        format!("no answer within the probe's deadline of {deadline}ms"),
        why,
    )
}

fn because(text: String, why: Option<String>) -> Cow<'static, str> {
    match why {
        Some(why) => format!("{text}: {why}").into(),
        None => text.into(),
    }
}
