use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;

use crate::finding::{Finding, Found, FoundChild};
use crate::inbox::{Inbox, Notice};
use crate::lifecycle::Lifecycle;
use crate::sync::{Mutex, discard, guarded, lock};
use crate::told::{Line, Told};
use crate::{Check, Reason, Status};

/// Is told what happens to checks.
///
/// It is called outside every lock, on a thread of its own (with
/// [`Runtime::current`](crate::Runtime::current), in a task) and in order, so it may take its time,
/// call the [`Health`](crate::Health) that it observes, and panic: probes and other observers
/// notice nothing. If it is too slow, the oldest runs are lost, and several transitions of a check
/// become one; a warning says so. An observer that keeps the `Health` keeps it alive.
pub trait Observer: Send + Sync + 'static {
    /// The result of a run is known. A run that is overdue has not ended, but has failed.
    fn run_finished(&self, run: &FinishedRun) {
        let _ = run;
    }

    /// A check has another status than before, after thresholds, or a
    /// [child](crate::Outcome::with_child) of it has: then it is that of
    /// [`child`](Transition::child). A check is told before its children.
    fn transition(&self, transition: &Transition) {
        let _ = transition;
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

    /// Whether it is to be expected, because the process starts or drains: no reason to wake
    /// anybody.
    pub const fn is_expected(&self) -> bool {
        self.expected
    }
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
}

impl News {
    /// A run that changes nothing.
    pub(crate) fn of_a_run_alone(finding: Finding) -> Self {
        Self {
            before: finding.standing.decided(),
            finding,
            ran: true,
            line: None,
            expected: true,
            counts: false,
        }
    }

    /// Logs it, if it is worth a line. Called outside every lock, for a log is the user's code.
    pub(crate) fn log(&self, check: &Check) {
        if let Some(line) = self.line {
            line.log(check, &self.finding, self.expected);
        }
    }

    fn transition(&self, check: &Arc<Check>, finding: &Finding) -> Option<Transition> {
        let decided = self.finding.standing.decided();
        let to = decided.filter(|_| decided != self.before)?;
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
        finding: &Finding,
    ) -> impl Iterator<Item = Transition> {
        let children = self.finding.children.iter();
        children.filter_map(move |child| {
            let to = child.turned()?;
            Some(Transition {
                check: Arc::clone(check),
                child: Some(child.clone()),
                from: child.before,
                to,
                finding: Arc::clone(finding),
                expected: self.expected && !to.is_passing(),
            })
        })
    }
}

/// Tells the observers.
pub(crate) struct Teller {
    lifecycle: Arc<Lifecycle>,
    remembered: usize,
    inboxes: Mutex<Vec<Arc<Inbox>>>,
}

impl Teller {
    pub(crate) fn new(lifecycle: Arc<Lifecycle>, remembered: usize) -> Self {
        Self {
            lifecycle,
            remembered,
            inboxes: Mutex::default(),
        }
    }

    /// Tells the log alone.
    #[cfg(test)]
    pub(crate) fn nobody() -> Self {
        Self::new(Arc::default(), 10)
    }

    /// To whom nothing has been told yet.
    pub(crate) fn told(&self) -> Told {
        Told::nothing(&self.lifecycle)
    }

    /// How many runs of each check are remembered.
    pub(crate) const fn remembered(&self) -> usize {
        self.remembered
    }

    /// Adds an observer: on the given runtime, or on a thread of its own. It has room for several
    /// results of each of so many checks.
    pub(crate) fn add(&self, observer: Arc<dyn Observer>, place: Option<&Handle>, checks: usize) {
        let inbox = Arc::new(Inbox::with_room_for(checks));
        let theirs = Arc::clone(&inbox);
        let started = match place {
            Some(handle) => {
                drop(handle.spawn(deliver(theirs, observer)));
                Ok(())
            }
            None => deliver_on_thread(theirs, observer),
        };
        match started {
            Ok(()) => lock(&self.inboxes).push(inbox),
            Err(error) => tracing::error!(
                target: "health",
                "an observer is told nothing, for it gets no thread: {error}"
            ),
        }
    }

    /// Makes room for several results of each of so many checks.
    pub(crate) fn make_room_for(&self, checks: usize) {
        let inboxes = lock(&self.inboxes);
        inboxes.iter().for_each(|inbox| inbox.make_room_for(checks));
    }

    /// Puts news into the inboxes, in the order in which they happen. Returns for what there was no
    /// room, to be dropped under no lock.
    #[must_use]
    pub(crate) fn post(&self, check: &Arc<Check>, news: &News) -> Vec<Notice> {
        let mut gone = Vec::new();
        let inboxes = lock(&self.inboxes);
        if inboxes.is_empty() {
            return gone;
        }
        let mut put = |notice: Notice| {
            let inboxes = inboxes.iter();
            gone.extend(inboxes.filter_map(|inbox| inbox.put(notice.clone())));
        };
        // An inbox may keep thousands: of each run not all its children.
        let alone = Found::without_children(&news.finding);
        if news.ran {
            put(Notice::Run(FinishedRun {
                check: Arc::clone(check),
                finding: Arc::clone(&alone),
            }));
        }
        if !news.counts {
            return gone;
        }
        let own = news.transition(check, &alone).into_iter();
        for transition in own.chain(news.transitions_of_children(check, &alone)) {
            put(Notice::Transition(transition));
        }
        gone
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        lock(&self.inboxes).iter().for_each(|inbox| inbox.close());
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller")
            .field("remembered", &self.remembered)
            .finish_non_exhaustive()
    }
}

async fn deliver(inbox: Arc<Inbox>, observer: Arc<dyn Observer>) {
    while let Some(notice) = inbox.take().await {
        if inbox.has_lost() {
            tracing::warn!(
                target: "health",
                "an observer of health checks is too slow: it was not told of every run"
            );
        }
        notice.deliver(&*observer);
    }
    discard(observer);
}

fn deliver_on_thread(inbox: Arc<Inbox>, observer: Arc<dyn Observer>) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("health-observer".to_owned());
    let deliver = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(deliver(inbox, observer));
        }
    };
    thread.spawn(deliver).map(drop)
}

impl Notice {
    fn deliver(self, observer: &dyn Observer) {
        discard(guarded(|| match &self {
            Self::Run(run) => observer.run_finished(run),
            Self::Transition(transition) => observer.transition(transition),
        }));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::Outcome;
    use crate::sample::{Asked, Sample};
    use crate::standings::Standings;

    /// What an observer is told that comes late, of a check whose children are these in each run.
    async fn told_late(runs: impl Iterator<Item = [(&'static str, bool); 2]>) -> Vec<Transition> {
        let teller = Teller::nobody();
        let inbox = Arc::new(Inbox::with_room_for(1));
        lock(&teller.inboxes).push(Arc::clone(&inbox));
        let check = Arc::new(Check::new("shards", async || ()));
        let (mut standings, mut told) = (Standings::default(), teller.told());
        for run in runs {
            let outcome = run
                .into_iter()
                .fold(Outcome::healthy(), |outcome, (name, passes)| {
                    outcome.with_child(name, passes)
                });
            let asked = Asked::now();
            let mut sample = Sample::of(outcome, asked, Duration::ZERO);
            let before = standings.whole().decided();
            let children = standings.count(&check, &mut sample, 0);
            let finding = Found::with_children(sample, standings.whole(), children);
            drop(teller.post(&check, &told.hear(before, finding, asked.instant, true)));
        }
        inbox.close();
        assert!(inbox.has_lost());
        let mut transitions = Vec::new();
        while let Some(notice) = inbox.take().await {
            if let Notice::Transition(transition) = notice {
                transitions.push(transition);
            }
        }
        transitions
    }

    #[tokio::test]
    async fn who_comes_late_is_told_the_last_of_the_check_and_of_each_child() {
        const RUNS: usize = 5_001;
        let run = |index| [("steady", true), ("flaps", index % 2 == 0)];
        let told = told_late((0..RUNS).map(run)).await;
        for child in [None, Some("steady"), Some("flaps")] {
            let last = told.iter().rfind(|transition| transition.child() == child);
            assert_eq!(last.map(Transition::to), Some(Status::Healthy), "{child:?}");
        }
        let first = told
            .iter()
            .find(|transition| transition.child() == Some("steady"));
        assert_eq!(first.and_then(Transition::from), None);
        assert_eq!(told.len(), 1024 + 4096, "there is room apart for children");
    }

    #[test]
    fn what_waits_to_be_told_keeps_of_a_run_no_other_children() {
        let teller = Teller::nobody();
        let inbox = Arc::new(Inbox::with_room_for(1));
        lock(&teller.inboxes).push(Arc::clone(&inbox));
        let check = Arc::new(Check::new("shards", async || ()));
        let outcome = Outcome::healthy().with_child("a", false);
        let mut sample = Sample::of(outcome, Asked::now(), Duration::ZERO);
        let mut standings = Standings::default();
        let children = standings.count(&check, &mut sample, 0);
        let finding = Found::with_children(sample, standings.whole(), children);
        let news = teller.told().hear(None, finding, Instant::now(), true);
        drop(teller.post(&check, &news));
        let finding = Arc::downgrade(&news.finding);
        drop(news);
        assert!(
            finding.upgrade().is_none(),
            "1,000 others would be kept, too"
        );
    }

    /// What an observer is told that comes late, of a check that is steady and of one that flaps.
    #[tokio::test]
    async fn who_comes_late_is_told_of_what_turned_once() {
        let teller = Teller::nobody();
        let inbox = Arc::new(Inbox::with_room_for(2));
        lock(&teller.inboxes).push(Arc::clone(&inbox));
        let [steady, flaps] = ["steady", "flaps"].map(|name| {
            let check = Arc::new(Check::new(name, async || ()));
            (check, Standings::default(), teller.told())
        });
        let run = |(check, standings, told): &mut (Arc<Check>, Standings, Told), passes: bool| {
            let outcome = crate::IntoOutcome::into_outcome(passes);
            let asked = Asked::now();
            let mut sample = Sample::of(outcome, asked, Duration::ZERO);
            let before = standings.whole().decided();
            let children = standings.count(check, &mut sample, 0);
            let finding = Found::with_children(sample, standings.whole(), children);
            drop(teller.post(check, &told.hear(before, finding, asked.instant, true)));
        };
        let (mut steady, mut flaps) = (steady, flaps);
        run(&mut steady, false);
        for index in 0..5_000 {
            run(&mut flaps, index % 2 == 0);
            run(&mut steady, false);
        }
        inbox.close();
        let mut told = Vec::new();
        while let Some(notice) = inbox.take().await {
            if let Notice::Transition(transition) = notice {
                told.push((transition.check().name() == "steady", transition.to()));
            }
        }
        assert!(told.contains(&(true, Status::Unhealthy)), "it is so still");
    }
}
