//! What observers are told.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::finding::{Finding, Found, FoundChild};
use crate::told::News;
use crate::{Check, Reason, Status};

#[derive(Clone, Debug)]
pub(crate) enum Notice {
    Run(FinishedRun),
    Transition(Transition),
}

impl Notice {
    /// What is told of news, in order: the run, the check, its children.
    pub(crate) fn of(check: &Arc<Check>, news: &News) -> impl Iterator<Item = Self> {
        let run = news.ran.then(|| FinishedRun {
            check: Arc::clone(check),
            finding: Found::without_children(&news.finding),
        });
        let transitions = Self::transitions(check, news).map(Self::Transition);
        run.into_iter().map(Self::Run).chain(transitions)
    }

    /// What has another status than before: the check, its children.
    pub(crate) fn transitions(check: &Arc<Check>, news: &News) -> impl Iterator<Item = Transition> {
        let turned = Some(news).filter(|news| news.counts && news.has_turned());
        turned.into_iter().flat_map(|news| {
            // An inbox may keep thousands: of each run not all its children.
            let alone = Found::without_children(&news.finding);
            let own = news.transition(check, &alone);
            let children = news.transitions_of_children(check, alone);
            own.into_iter().chain(children)
        })
    }

    pub(crate) fn is_of_child(&self) -> bool {
        matches!(self, Self::Transition(transition) if transition.is_of_child())
    }
}

/// A run whose result is known.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    check: Arc<Check>,
    finding: Finding,
}

impl FinishedRun {
    /// The check.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// When it was asked for.
    pub fn started_at(&self) -> SystemTime {
        self.finding.sample.at
    }

    /// How long it took; none if it did not end in time.
    pub fn latency(&self) -> Option<Duration> {
        self.finding.sample.latency
    }

    /// What it found, before thresholds.
    pub fn status(&self) -> Status {
        self.finding.sample.raw
    }

    /// Why that is not simply what the check returned.
    pub fn reason(&self) -> Option<Reason> {
        self.finding.sample.reason
    }

    /// The text of its error, or else its message. Secrets are masked, but it may not be public.
    pub fn text(&self) -> Option<&str> {
        self.finding.sample.text()
    }
}

/// A change of the status of a check, or of one of its children, after thresholds.
#[derive(Clone, Debug)]
pub struct Transition {
    pub(crate) check: Arc<Check>,
    child: Option<FoundChild>,
    pub(crate) from: Option<Status>,
    pub(crate) to: Status,
    finding: Finding,
    expected: bool,
}

impl Transition {
    /// The check.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// The name of the child of which this is said; none if it is the check itself.
    pub fn child(&self) -> Option<&str> {
        self.child.as_ref().map(|child| &*child.sample.name)
    }

    pub(crate) const fn is_of_child(&self) -> bool {
        self.child.is_some()
    }

    /// Whether both speak of the same.
    pub(crate) fn concerns_the_same(&self, other: &Self) -> bool {
        self.check.identity() == other.check.identity() && self.child() == other.child()
    }

    /// The status before; none if nothing had been decided.
    pub const fn from(&self) -> Option<Status> {
        self.from
    }

    /// The status now.
    pub const fn to(&self) -> Status {
        self.to
    }

    /// Since when: the start of the run that decided it.
    pub fn since(&self) -> SystemTime {
        let child = self.child.as_ref().map(|child| child.standing);
        let since = child.unwrap_or(self.finding.standing).since();
        since.map_or(self.finding.sample.at, |since| since.at)
    }

    /// Why the result is not simply what the check returned; none for a child.
    pub fn reason(&self) -> Option<Reason> {
        let reason = self.finding.sample.reason;
        reason.filter(|_| self.child.is_none())
    }

    /// The cause: the text of the error, or else the message. Secrets are masked, but it may not
    /// be public.
    pub fn cause(&self) -> Option<&str> {
        match &self.child {
            Some(child) => child.sample.text(),
            None => self.finding.sample.text(),
        }
    }

    /// The public text: the author's message, or the framework's. Secrets are masked.
    pub fn message(&self) -> Option<&str> {
        match &self.child {
            Some(child) => child.sample.message.as_deref(),
            None => self.finding.sample.message.as_deref(),
        }
    }

    /// Whether it is to be expected, because the process starts or drains: no reason to wake
    /// anybody.
    pub const fn is_expected(&self) -> bool {
        self.expected
    }
}

impl News {
    fn has_turned(&self) -> bool {
        let mut children = self.finding.children.iter();
        self.own_turn().is_some() || children.any(|child| child.turned().is_some())
    }

    /// What the check itself has turned to.
    pub(crate) fn own_turn(&self) -> Option<Status> {
        let decided = self.finding.standing.decided();
        decided.filter(|_| decided != self.before)
    }

    fn transition(&self, check: &Arc<Check>, finding: &Finding) -> Option<Transition> {
        let to = self.own_turn()?;
        Some(Transition {
            check: Arc::clone(check),
            child: None,
            from: self.before,
            to,
            finding: Arc::clone(finding),
            expected: self.expected,
        })
    }

    fn transitions_of_children(
        &self,
        check: &Arc<Check>,
        finding: Finding,
    ) -> impl Iterator<Item = Transition> {
        let children = self.finding.children.iter();
        children.filter_map(move |child| {
            let to = child.turned()?;
            Some(Transition {
                check: Arc::clone(check),
                child: Some(child.clone()),
                from: child.before,
                to,
                finding: Arc::clone(&finding),
                expected: self.expected && !to.is_passing(),
            })
        })
    }
}
