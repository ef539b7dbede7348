use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::sample::{ChildSample, Sample};
use crate::standing::Standing;
use crate::{Reason, Status};

/// What is remembered of a check's runs, as it was when it was asked for.
#[derive(Clone, Debug)]
pub struct History {
    runs: Vec<PastRun>,
    last_success: Option<SystemTime>,
    first_failure: Option<SystemTime>,
    next_run: Option<SystemTime>,
    standing: Standing,
    children: Vec<(Arc<str>, History)>,
}

impl History {
    /// The last runs, the oldest first; as many as the builder was told to keep.
    pub fn runs(&self) -> &[PastRun] {
        &self.runs
    }

    /// The status, after thresholds. None before enough is known.
    pub const fn status(&self) -> Option<Status> {
        self.standing.decided()
    }

    /// Since when it has that status: the start of the run that decided it.
    pub fn since(&self) -> Option<SystemTime> {
        self.standing.since().map(|since| since.at)
    }

    /// When the last run that passed was started.
    pub const fn last_success(&self) -> Option<SystemTime> {
        self.last_success
    }

    /// When the first of the failing runs in a row was started; none if the last run passed.
    pub const fn first_failure(&self) -> Option<SystemTime> {
        self.first_failure
    }

    /// When its schedule runs it next; none if it has no schedule, or that is not known yet because
    /// a run is under way. What is due already is due now.
    pub const fn next_run(&self) -> Option<SystemTime> {
        self.next_run
    }

    /// How many of the last runs in a row failed. A run that is overdue counts once for each
    /// timeout that went by.
    pub const fn consecutive_failures(&self) -> u32 {
        self.standing.failures()
    }

    /// What is remembered of each [child](crate::Outcome::with_child) with its name: of the runs
    /// that spoke of it, and as many of these as of the check itself. A child that is no longer
    /// returned is forgotten. No child has children of its own.
    pub fn children(&self) -> impl ExactSizeIterator<Item = (&str, &Self)> {
        self.children
            .iter()
            .map(|(name, history)| (&**name, history))
    }

    pub(crate) fn with_next_run(self, next_run: Option<SystemTime>) -> Self {
        Self { next_run, ..self }
    }
}

/// A run that is over, or is overdue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    started_at: SystemTime,
    latency: Option<Duration>,
    status: Status,
    reason: Option<Reason>,
}

impl PastRun {
    pub(crate) const fn of(sample: &Sample) -> Self {
        Self {
            started_at: sample.at,
            latency: sample.latency,
            status: sample.raw,
            reason: sample.reason,
        }
    }

    /// What the run said of a child.
    pub(crate) const fn of_child(run: &Sample, child: &ChildSample) -> Self {
        Self {
            started_at: run.at,
            latency: run.latency,
            status: child.raw,
            reason: None,
        }
    }

    /// When it was started.
    pub const fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// How long it took; none if it did not end in time.
    pub const fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// What it found, before thresholds.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Why that is not simply what the check returned.
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
    }
}

/// The last runs of a check.
#[derive(Debug)]
pub(crate) struct Memory {
    most: usize,
    runs: VecDeque<PastRun>,
    last_success: Option<SystemTime>,
    first_failure: Option<SystemTime>,
}

impl Memory {
    pub(crate) const fn of_the_last(most: usize) -> Self {
        Self {
            most,
            runs: VecDeque::new(),
            last_success: None,
            first_failure: None,
        }
    }

    pub(crate) fn add(&mut self, run: PastRun) {
        if run.status.is_passing() {
            self.last_success = Some(run.started_at);
            self.first_failure = None;
        } else {
            self.first_failure = self.first_failure.or(Some(run.started_at));
        }
        if self.runs.len() >= self.most {
            self.runs.pop_front();
        }
        if self.most > 0 {
            self.runs.push_back(run);
        }
    }

    pub(crate) fn recall(&self, standing: Standing, children: Vec<(Arc<str>, History)>) -> History {
        History {
            runs: self.runs.iter().cloned().collect(),
            last_success: self.last_success,
            first_failure: self.first_failure,
            next_run: None,
            standing,
            children,
        }
    }
}
