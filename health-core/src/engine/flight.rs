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
    /// How often it has counted as a failing run.
    pub(super) counted: u32,
    pub(super) waiting: Vec<Arc<Batch>>,
    /// What it keeps others from while it has not settled.
    pub(super) permit: Option<Permit>,
}

/// Says why a check gets nowhere, if the engine knows.
pub(crate) type Hint<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Flight {
    pub(super) fn new(run: RunId, asked: Asked, check: &Check, first: Arc<Batch>) -> Self {
        Self {
            run,
            asked,
            timeout: check.settings().longest_timeout(),
            settled: false,
            counted: 0,
            waiting: vec![first],
            permit: None,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.asked.instant + self.timeout
    }

    /// How many timeouts have gone by.
    pub(super) fn overdue(&self, now: Instant) -> u32 {
        let elapsed = now.duration_since(self.asked.instant).as_nanos();
        u32::try_from(elapsed / self.timeout.as_nanos().max(1)).unwrap_or(u32::MAX)
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

fn because(text: String, why: Option<String>) -> Cow<'static, str> {
    match why {
        Some(why) => format!("{text}: {why}").into(),
        None => text.into(),
    }
}
