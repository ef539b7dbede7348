use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::inbox::Inbox;
use crate::lifecycle::Lifecycle;
use crate::notice::Notice;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, discard, guarded, lock};
use crate::tally::Headcount;
use crate::timeline::Bell;
use crate::told::{News, Told};
use crate::{Check, FinishedRun, Transition};

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

/// Tells the observers.
pub(crate) struct Teller {
    lifecycle: Arc<Lifecycle>,
    remembered: usize,
    inboxes: Mutex<Vec<Arc<Inbox>>>,
    /// Whether there is an inbox: all runs would else meet at that lock.
    observed: AtomicBool,
    stuck: Headcount,
}

impl Teller {
    pub(crate) fn new(lifecycle: Arc<Lifecycle>, remembered: usize) -> Self {
        Self {
            lifecycle,
            remembered,
            inboxes: Mutex::default(),
            observed: AtomicBool::new(false),
            stuck: Headcount::default(),
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

    /// Something may change what a report tells.
    pub(crate) fn count_change(&self) {
        self.lifecycle.changes.count();
    }

    /// How many runs of each check are remembered.
    pub(crate) const fn remembered(&self) -> usize {
        self.remembered
    }

    /// Counts the runs that are overdue and have not ended.
    pub(crate) const fn stuck(&self) -> &Headcount {
        &self.stuck
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
            Ok(()) => self.tell(inbox),
            Err(error) => tracing::error!(
                target: "health",
                "an observer is told nothing, for it gets no thread: {error}"
            ),
        }
    }

    /// What happens from now on is told there.
    fn tell(&self, inbox: Arc<Inbox>) {
        lock(&self.inboxes).push(inbox);
        self.observed.store(true, Ordering::Release);
    }

    /// Makes room for several results of each of so many checks.
    pub(crate) fn make_room_for(&self, checks: usize) {
        let inboxes = lock(&self.inboxes);
        inboxes.iter().for_each(|inbox| inbox.make_room_for(checks));
    }

    /// Puts news into the timeline and the inboxes, in the order in which they happen. What it
    /// returns is to be dropped under no lock.
    pub(crate) fn post(&self, check: &Arc<Check>, news: &News) -> Posted<'_> {
        let timeline = &self.lifecycle.timeline;
        let transitions = Notice::transitions(check, news);
        let bells = transitions.map(|new| timeline.tell_transition(check, &new, news.at));
        Posted {
            _bells: bells.collect(),
            _gone: self.put(check, news),
        }
    }

    /// For what there was no room.
    fn put(&self, check: &Arc<Check>, news: &News) -> Vec<Notice> {
        let mut gone = Vec::new();
        if !self.observed.load(Ordering::Acquire) {
            return gone;
        }
        let inboxes = lock(&self.inboxes);
        let mut put = |notice: Notice| {
            let inboxes = inboxes.iter();
            gone.extend(inboxes.filter_map(|inbox| inbox.put(notice.clone())));
        };
        Notice::of(check, news).for_each(&mut put);
        gone
    }
}

/// What is left of posting: its `Drop` is the user's code.
#[derive(Debug)]
#[must_use]
pub(crate) struct Posted<'a> {
    _bells: Vec<Bell<'a>>,
    _gone: Vec<Notice>,
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
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::finding::Found;
    use crate::sample::{Asked, Sample};
    use crate::standings::Standings;
    use crate::{Outcome, Status};

    /// What an observer is told that comes late, of a check whose children are these in each run.
    async fn told_late(runs: impl Iterator<Item = [(&'static str, bool); 2]>) -> Vec<Transition> {
        let teller = Teller::nobody();
        let inbox = Arc::new(Inbox::with_room_for(1));
        teller.tell(Arc::clone(&inbox));
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
        teller.tell(Arc::clone(&inbox));
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
        teller.tell(Arc::clone(&inbox));
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
