//! A result, and what it means.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::time::Instant;

use crate::sample::{Asked, ChildSample, Sample};
use crate::standing::Standing;
use crate::{Check, Probe, Reason, Status};

/// What is known of a check: a result, and what the check is taken to be by it. Shared by all who
/// ask.
pub(crate) type Finding = Arc<Found>;

#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) sample: Sample,
    pub(crate) standing: Standing,
    /// What the run said of children, in its order.
    pub(crate) children: Vec<FoundChild>,
}

/// How long what was found is the answer to whoever asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Whoever asks again may be told something else.
    Not,
    Until(Instant),
    /// It has passed as a startup check, which is never asked again.
    Latched,
}

impl Kept {
    /// Not longer than that.
    pub(crate) fn at_most_until(self, end: Instant) -> Self {
        match self {
            Self::Until(until) => Self::Until(until.min(end)),
            Self::Not | Self::Latched => self,
        }
    }
}

/// What is known of a child.
#[derive(Clone, Debug)]
pub(crate) struct FoundChild {
    /// Shared with what observers have not been told yet.
    pub(crate) sample: Arc<ChildSample>,
    pub(crate) standing: Standing,
    /// What it was taken to be before this run.
    pub(crate) before: Option<Status>,
}

impl Found {
    pub(crate) fn new(sample: Sample, standing: Standing) -> Finding {
        Self::with_children(sample, standing, Vec::new())
    }

    /// Of a run that spoke of children.
    pub(crate) fn with_children(
        mut sample: Sample,
        standing: Standing,
        children: Vec<FoundChild>,
    ) -> Finding {
        name_children(&mut sample, &children);
        Arc::new(Self {
            sample,
            standing,
            children,
        })
    }

    /// The same, in the memory of one that is of no use any more, if nobody else has it.
    pub(crate) fn in_place_of(
        last: Option<Finding>,
        mut sample: Sample,
        standing: Standing,
        children: Vec<FoundChild>,
    ) -> Finding {
        let Some(mut last) = last else {
            return Self::with_children(sample, standing, children);
        };
        match Arc::get_mut(&mut last) {
            Some(unused) => {
                name_children(&mut sample, &children);
                *unused = Self {
                    sample,
                    standing,
                    children,
                };
                last
            }
            None => Self::with_children(sample, standing, children),
        }
    }

    /// The same but for its children.
    pub(crate) fn without_children(finding: &Finding) -> Finding {
        if finding.children.is_empty() {
            return Arc::clone(finding);
        }
        Arc::new(Self {
            sample: finding.sample.clone(),
            standing: finding.standing,
            children: Vec::new(),
        })
    }

    /// Of something that has no runs in a row.
    pub(crate) fn alone(sample: Sample) -> Finding {
        let standing = Standing::of(sample.raw, sample.asked());
        Self::new(sample, standing)
    }

    /// The status of the check.
    pub(crate) fn status(&self, probe: Probe) -> Status {
        self.standing.status(probe)
    }

    /// What a log says of those children that do not do well, sorted by name.
    pub(crate) fn told_children(&self) -> Option<String> {
        let ill = |child: &&FoundChild| child.believed() != Status::Healthy;
        let mut ill: Vec<_> = self.children.iter().filter(ill).collect();
        ill.sort_by_key(|child| &child.sample.name);
        let (told, more) = enumerate(ill.into_iter().map(FoundChild::told))?;
        Some(format!("{}{more}", told.join("; ")))
    }

    /// What that status means for the probe.
    pub(crate) fn counts_as(&self, check: &Check, probe: Probe, now: Instant) -> Status {
        let strict = check.is_critical_for(probe) && !self.is_forgiven(check, probe, now);
        self.status(probe).weighed(strict)
    }

    /// When that changes though nothing else is found: the failure of something shared is not
    /// forgiven for ever.
    pub(crate) fn counts_until(
        &self,
        check: &Check,
        probe: Probe,
        now: Instant,
    ) -> Option<Instant> {
        let failing = check.is_critical_for(probe) && !self.status(probe).is_passing();
        let forgiven = failing && self.is_forgiven(check, probe, now);
        let since = self.standing.since().filter(|_| forgiven)?;
        Some(since.instant + check.fail_closed_after()?)
    }

    /// Whether this is the failure of something shared, for which not every replica should go.
    fn is_forgiven(&self, check: &Check, probe: Probe, now: Instant) -> bool {
        let forced = self.sample.reason == Some(Reason::Overridden);
        if forced || !check.is_shared() || probe != Probe::Readiness || !self.standing.passed() {
            return false;
        }
        let since = self.standing.since().map(|since: Asked| since.instant);
        match (since, check.fail_closed_after()) {
            (Some(since), Some(after)) => now.duration_since(since) < after,
            _ => true,
        }
    }
}

impl FoundChild {
    /// What it is taken to be, by this run if nothing is decided yet.
    pub(crate) fn believed(&self) -> Status {
        self.standing.decided().unwrap_or(self.sample.raw)
    }

    fn told(&self) -> String {
        let name = shortened(&self.sample.name);
        match self.sample.text() {
            Some(text) => format!("{name}: {text}"),
            None => name.into_owned(),
        }
    }

    /// What it has turned to.
    pub(crate) fn turned(&self) -> Option<Status> {
        let decided = self.standing.decided();
        decided.filter(|_| decided != self.before)
    }
}

/// How many children are named in a text.
const NAMED: usize = 5;

/// Where the author said nothing, says which children are the cause.
fn name_children(sample: &mut Sample, children: &[FoundChild]) {
    if children.is_empty() || sample.authored || !sample.own.is_passing() {
        return;
    }
    let failing = name_those("failing", Status::Unhealthy, children);
    let degraded = || {
        let named = name_those("degraded", Status::Degraded, children);
        named.filter(|_| sample.own == Status::Healthy)
    };
    if let Some(message) = failing.or_else(degraded) {
        sample.message = Some(message.into());
    }
}

/// The children of this status: `failing: shard_3, shard_7`; none if there are none.
fn name_those(which: &str, status: Status, children: &[FoundChild]) -> Option<String> {
    let those = children.iter().filter(|child| child.believed() == status);
    let (named, more) = enumerate(those.map(|child| shortened(&child.sample.name)))?;
    Some(format!("{which}: {}{more}", named.join(", ")))
}

/// The first of several, and how many more there are; none if there are none.
fn enumerate<T>(all: impl Iterator<Item = T>) -> Option<(Vec<T>, String)> {
    let mut all = all.peekable();
    all.peek()?;
    let named = all.by_ref().take(NAMED).collect();
    let more = all.count();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some((named, more))
}

/// A name may be longer than is fit for a text.
fn shortened(name: &str) -> Cow<'_, str> {
    const LONGEST: usize = 100;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &name[..end]).into(),
        None => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::Outcome;

    const AFTER: Duration = Duration::from_secs(60);

    fn asked() -> Asked {
        Asked {
            instant: Instant::now(),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn shared() -> Check {
        let check = Check::new("c", async || ()).readiness().with_shared(true);
        check.with_fail_closed_after(AFTER)
    }

    #[test]
    fn what_passes_counts_so_for_ever() {
        let asked = asked();
        let found = Found::alone(Sample::of(Outcome::healthy(), asked, Duration::ZERO));
        let until = found.counts_until(&shared(), Probe::Readiness, asked.instant);
        assert_eq!(until, None);
    }

    #[test]
    fn what_has_failed_without_a_run_is_not_forgiven() {
        let asked = asked();
        let found = Found::alone(asked.failed(Reason::NotInitialised, "no pool"));
        let counts = found.counts_as(&shared(), Probe::Readiness, asked.instant);
        assert_eq!(counts, Status::Unhealthy, "it has never passed");
    }

    #[test]
    fn a_failure_is_forgiven_until_the_limit() {
        let asked = asked();
        let mut standing = Standing::default();
        standing.count(&shared(), Status::Healthy, asked);
        standing.count(&shared(), Status::Unhealthy, asked);
        let found = Found::new(asked.failed(Reason::TimedOut, "late"), standing);
        let counts = |after| found.counts_as(&shared(), Probe::Readiness, asked.instant + after);
        assert_eq!(counts(AFTER - Duration::from_millis(1)), Status::Degraded);
        assert_eq!(counts(AFTER), Status::Unhealthy);
        let until = found.counts_until(&shared(), Probe::Readiness, asked.instant);
        assert_eq!(until, Some(asked.instant + AFTER));
    }
}
