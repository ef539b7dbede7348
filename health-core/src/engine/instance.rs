//! What is known of a check and the things bound to it: at most one run at a time, its result for
//! everyone who asks.

use std::sync::Arc;

use tokio::time::Instant;

use super::batch::Batch;
use super::executor::Permit;
use super::flight::Hint;
use super::state::{After, State};
pub(crate) use super::state::{Answer, Begins, Question, RunId};
use crate::bind::Brought;
use crate::finding::{Finding, Found, Kept};
use crate::observe::{Posted, Teller};
use crate::probe_path::Station;
use crate::sample::{Asked, Sample, spell};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard, lock};
use crate::tally::Tally;
use crate::told::News;
use crate::{Check, History, Probe, Status};

/// A check together with the things bound to it. A cheap clone.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    check: Arc<Check>,
    core: Arc<Core>,
}

/// What stays when something else is said of the check: what results, runs and latches belong to.
#[derive(Debug)]
pub(crate) struct Core {
    brought: Vec<Brought>,
    teller: Arc<Teller>,
    tally: Arc<Tally>,
    station: Arc<Station>,
    /// Whether it was told that a poll holds its thread.
    held: AtomicBool,
    state: Mutex<State>,
}

impl Core {
    pub(crate) fn new(brought: Vec<Brought>, teller: Arc<Teller>, tally: Arc<Tally>) -> Self {
        let state = State::new(&teller);
        Self {
            brought,
            teller,
            tally,
            station: Arc::new(Station::new()),
            held: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn is_bound_to(&self, brought: &[Brought]) -> bool {
        self.brought == brought
    }

    /// Whether everything bound to it is still there.
    pub(crate) fn is_alive(&self) -> bool {
        self.brought.iter().all(Brought::is_alive)
    }

    /// Nothing is known or was told, except that it has passed.
    pub(crate) fn begin_anew(&self) {
        lock(&self.state).begin_anew();
    }

    /// What becomes of a run under way changes nothing.
    pub(crate) fn disable(&self) {
        lock(&self.state).disabled = true;
    }

    pub(crate) fn has_passed(&self) -> bool {
        lock(&self.state).passed.is_some()
    }

    /// No schedule runs it any more.
    pub(crate) fn unschedule(&self) {
        lock(&self.state).unschedule();
    }
}

impl Instance {
    pub(crate) const fn new(check: Arc<Check>, core: Arc<Core>) -> Self {
        Self { check, core }
    }

    pub(crate) const fn check(&self) -> &Arc<Check> {
        &self.check
    }

    /// What callers bring to whom it belongs.
    pub(crate) fn brought(&self) -> &[Brought] {
        &self.core.brought
    }

    /// What it is on the paths of probes.
    pub(crate) fn station(&self) -> &Arc<Station> {
        &self.core.station
    }

    #[cfg(test)]
    pub(crate) fn is_of_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.core.state)
    }

    /// From now on it runs by itself: first when that is due by its last result, or with the run
    /// that is under way.
    pub(crate) fn schedule(&self, now: Instant) -> Begins {
        let mut state = self.state();
        let begins = state.schedule(&self.check, now);
        self.core.teller.count_change();
        begins
    }

    /// The schedule runs it next then.
    pub(crate) fn plan(&self, due: Instant) {
        let mut state = self.state();
        state.plan(due);
        self.core.teller.count_change();
    }

    /// How long this is the answer to a probe that asks again.
    pub(crate) fn kept(&self, probe: Probe, finding: &Finding) -> Kept {
        self.state().kept(&self.check, probe, finding)
    }

    /// The result that latched it, if it has ever passed.
    pub(crate) fn passed(&self) -> Option<Finding> {
        self.state().passed.clone()
    }

    /// What the last run found, before thresholds.
    pub(crate) fn last_raw(&self) -> Option<Status> {
        let state = self.state();
        state.last.as_ref().map(|(_, last)| last.sample.raw)
    }

    pub(crate) fn history(&self, now: Asked) -> History {
        self.state().history(now)
    }

    /// A run is about to begin, or to end without having begun.
    pub(crate) fn count_change(&self) {
        self.core.teller.count_change();
    }

    /// Asks for a result. Whoever is told to start a run has to end it, and to count it as a change.
    pub(crate) fn ask(&self, question: Question<'_>) -> Answer {
        let now = question.asked.instant;
        self.look(now, question.hint, |state| {
            state.answer(&self.check, &self.core.station, question)
        })
    }

    /// What a probe would be told at once, if that is no older than it should be.
    pub(crate) fn peek(&self, asked: Asked, probe: Probe, hint: Hint<'_>) -> Option<Finding> {
        self.look(asked.instant, hint, |state| {
            state.known(&self.check, asked, probe, hint)
        })
    }

    /// What is known, however old, and if it is that nothing is.
    pub(crate) fn glance(&self, asked: Asked, probe: Probe, hint: Hint<'_>) -> Finding {
        self.look(asked.instant, hint, |state| {
            state.glance(&self.check, asked, probe, hint)
        })
    }

    /// Settles the run that is under way as timed out, if it is.
    pub(crate) fn expire(&self, now: Instant, hint: Hint<'_>) {
        self.look(now, hint, |_| ());
    }

    /// Looks at what is known once that is what it should be by now.
    fn look<T>(&self, now: Instant, hint: Hint<'_>, see: impl FnOnce(&mut State) -> T) -> T {
        let (seen, after, untold) = {
            let mut state = self.state();
            let after = state.expire(&self.check, now, hint);
            if after.is_some() {
                self.core.teller.count_change();
                state.count_as_stuck(self.core.teller.stuck());
            }
            let untold = self.post(after.as_ref());
            (see(&mut state), after, untold)
        };
        after.into_iter().for_each(|after| self.carry_out(after));
        drop(untold);
        seen
    }

    /// Somebody who waits gives up: the result, should there be one after all, or else this, as
    /// if the run had failed.
    pub(crate) fn give_up(&self, run: RunId, batch: &Arc<Batch>, sample: Sample) -> Finding {
        let mut state = self.state();
        if let Some(finding) = state.result(run) {
            return finding;
        }
        state.leave(run, batch);
        let standing = state.standings.after(&self.check, &sample);
        Found::new(sample, standing)
    }

    /// What is said of it by something else than a run.
    pub(crate) fn said(&self, sample: Sample) -> Finding {
        let since = sample.asked();
        self.state().said(sample, since)
    }

    /// What is said to one who asks, and to nobody else: nothing is remembered of it.
    pub(crate) fn said_aside(&self, sample: Sample) -> Finding {
        let since = sample.asked();
        let standing = self.state().standings.whole();
        let standing = standing.taken_for(sample.raw, since);
        Found::new(sample, standing)
    }

    /// Lets a run begin that waited for others; whether it is still wanted.
    pub(crate) fn admit(&self, run: RunId, now: Instant, permit: Permit) -> Result<(), Permit> {
        match self.state().wanted(run, now) {
            Some(flight) => {
                flight.permit = Some(permit);
                Ok(())
            }
            None => Err(permit),
        }
    }

    /// The run has ended. Its result counts unless it came too late.
    pub(crate) fn end(&self, run: RunId, now: Instant, sample: Option<Sample>) {
        let (after, untold) = {
            let mut state = self.state();
            if state.flight.as_ref().is_none_or(|f| f.run != run) {
                return;
            }
            let overdue = state.expire(&self.check, now, &|_| None);
            let settled = sample.map(|sample| state.settle(&self.check, sample, now));
            state.flight = None;
            let after = match (overdue, settled) {
                (Some(mut first), Some(then)) => {
                    first.add(then);
                    Some(first)
                }
                (first, then) => first.or(then),
            };
            let untold = self.post(after.as_ref());
            (after, untold)
        };
        after.into_iter().for_each(|after| self.carry_out(after));
        drop(untold);
    }

    /// The result of this run, or of a later one.
    pub(crate) fn result(&self, run: RunId) -> Option<Finding> {
        self.state().result(run)
    }

    /// The same, and how long it is the answer to a probe that asks again.
    pub(crate) fn result_for(&self, run: RunId, probe: Probe) -> Option<(Finding, Kept)> {
        let state = self.state();
        let finding = state.result(run)?;
        let kept = state.kept(&self.check, probe, &finding);
        Some((finding, kept))
    }

    /// A waiter leaves before the run has settled.
    pub(crate) fn leave(&self, run: RunId, batch: &Arc<Batch>) {
        self.state().leave(run, batch);
    }

    /// Whether the run has not ended.
    pub(crate) fn is_under_way(&self, run: RunId) -> bool {
        let state = self.state();
        state
            .flight
            .as_ref()
            .is_some_and(|flight| flight.run == run)
    }

    /// Tells that a poll holds its thread; once.
    pub(crate) fn warn_of_held_thread(&self, held: std::time::Duration) {
        if self.core.held.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            target: "health",
            check = self.check.name(),
            "check `{}` ({}) held its thread for {} without waiting, so it blocks: drop `async` \
             and it gets a thread of its own, or make what it calls wait",
            self.check.name(),
            self.check.location(),
            spell(held)
        );
    }

    /// Counts, and tells the timeline and the observers' inboxes, in the order in which things happen: under the
    /// lock, for no code of the user's runs there. What is returned is to be dropped under none.
    fn post(&self, after: Option<&After>) -> Option<[Option<Posted<'_>>; 2]> {
        let post = |news: &News| {
            self.core.tally.count(news);
            self.core.teller.post(&self.check, news)
        };
        let [first, then] = &after?.news;
        Some([first.as_ref().map(post), then.as_ref().map(post)])
    }

    fn carry_out(&self, after: After) {
        let After {
            waiting,
            permit,
            news,
        } = after;
        waiting.settle();
        // Lets another run begin.
        drop(permit);
        for news in news.iter().flatten() {
            news.log(&self.check);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::engine::why::Why;
    use crate::{Outcome, ProbePath};

    fn asked(start: Instant, ms: u64) -> Asked {
        Asked {
            instant: start + Duration::from_millis(ms),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn instance(check: Check) -> Instance {
        let core = Core::new(Vec::new(), Arc::new(Teller::nobody()), Arc::default());
        Instance::new(Arc::new(check), Arc::new(core))
    }

    fn innocent() -> Check {
        Check::new("innocent", async || ())
            .readiness()
            .with_cache(Duration::ZERO)
    }

    fn ask(instance: &Instance, asked: Asked, batch: &Arc<Batch>) -> Answer {
        instance.ask(Question {
            asked,
            probe: Some(Probe::Readiness),
            path: None,
            batch,
            hint: &|check| {
                Some(Why::because_of(
                    "all wait for",
                    [(check, false)].into_iter(),
                ))
            },
        })
    }

    #[test]
    fn a_run_that_gets_nowhere_names_those_who_hold_the_threads() {
        let start = Instant::now();
        let instance = instance(innocent());
        let ask = |ms| ask(&instance, asked(start, ms), &Arc::new(Batch::new()));
        let Answer::Start(run) = ask(0) else {
            panic!("nothing was known");
        };
        assert!(matches!(ask(799), Answer::Joined(joined) if joined == run));
        let Answer::Known(finding) = ask(2000) else {
            panic!("it is overdue");
        };
        assert_eq!(
            finding.sample.message.as_deref(),
            Some("still running after 2.0 s: all wait for `innocent`")
        );
        let result = instance.result(run).expect("it has settled");
        assert_eq!(
            result.sample.message.as_deref(),
            Some("Timeout after 800ms: all wait for `innocent`")
        );
        let late = start + Duration::from_secs(3);
        instance.end(run, late, None);
        assert!(matches!(ask(4000), Answer::Start(_)));
    }

    #[test]
    fn who_may_wait_is_told_by_the_run_that_is_under_way_from_its_beginning() {
        let instance = instance(innocent().with_asks_health(true));
        let start = Instant::now();
        let ids = ["0000000000000000", "7fffffffffffffff", "ffffffffffffffff"];
        let [least, middle, most] = ids.map(ProbePath::parse);
        let ask = |path| {
            instance.ask(Question {
                asked: asked(start, 0),
                probe: Some(Probe::Readiness),
                path,
                batch: &Arc::new(Batch::new()),
                hint: &|_| None,
            })
        };
        for (begins, stays) in [(&most, true), (&least, false)] {
            let Answer::Start(run) = ask(Some(begins)) else {
                panic!("nothing is kept");
            };
            let waits = matches!(ask(Some(&middle)), Answer::Joined(joined) if joined == run);
            assert_eq!(waits, stays);
            assert!(matches!(ask(None), Answer::Joined(_)));
            let sample = Sample::of(Outcome::healthy(), asked(start, 0), Duration::ZERO);
            instance.end(run, start, Some(sample));
        }
    }

    #[test]
    fn what_a_schedule_has_joined_is_fresh_once_the_next_run_is_planned() {
        let interval = Duration::from_secs(10);
        let check = Check::new("scheduled", async || ()).readiness();
        let instance = instance(check.with_interval(interval));
        let start = Instant::now();
        let batch = Arc::new(Batch::new());
        let Answer::Start(run) = ask(&instance, asked(start, 0), &batch) else {
            panic!("nothing was known");
        };
        assert!(matches!(instance.schedule(start), Begins::With(..)));
        let sample = Sample::of(Outcome::healthy(), asked(start, 0), Duration::ZERO);
        instance.end(run, start, Some(sample));
        let finding = instance.result(run).expect("it has ended");
        let kept = || instance.kept(Probe::Readiness, &finding);
        assert_eq!(kept(), Kept::Not);
        instance.plan(start + interval);
        assert_eq!(kept(), Kept::Until(start + interval));
    }

    #[test]
    fn a_result_is_written_over_only_if_nobody_has_it() {
        let instance = instance(innocent());
        let start = Instant::now();
        let run = |ms, message: &'static str| {
            let Answer::Start(run) = ask(&instance, asked(start, ms), &Arc::new(Batch::new()))
            else {
                panic!("nothing is kept");
            };
            let outcome = Outcome::degraded(message);
            let sample = Sample::of(outcome, asked(start, ms), Duration::ZERO);
            instance.end(run, asked(start, ms).instant, Some(sample));
            instance.result(run).expect("it has ended")
        };
        // The first is what was told, and the latch.
        let first = run(0, "first");
        let second = run(1, "second");
        let third = run(2, "third");
        let address = Arc::as_ptr(&third);
        drop(third);
        let fourth = run(3, "fourth");
        assert_eq!(Arc::as_ptr(&fourth), address);
        let texts = [&first, &second, &fourth].map(|found| found.sample.message.clone());
        let expected = ["first", "second", "fourth"].map(|text| Some(text.into()));
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_run_is_under_way_until_it_ends() {
        let instance = instance(innocent());
        let start = Instant::now();
        let answer = ask(&instance, asked(start, 0), &Arc::new(Batch::new()));
        let Answer::Start(run) = answer else {
            panic!("nothing was known");
        };
        assert!(instance.is_under_way(run));
        assert!(!instance.is_under_way(run + 1));
        instance.end(run, start, None);
        assert!(!instance.is_under_way(run));
    }

    #[test]
    fn the_next_run_is_told_while_another_one_is_under_way() {
        let interval = Duration::from_secs(10);
        let check = Check::new("scheduled", async || ()).readiness();
        let instance = instance(check.with_interval(interval));
        let start = Instant::now();
        assert!(matches!(instance.schedule(start), Begins::At(_)));
        instance.plan(start + interval);
        let answer = ask(&instance, asked(start, 0), &Arc::new(Batch::new()));
        assert!(matches!(answer, Answer::Start(_)));
        let history = instance.state().history(asked(start, 1000));
        let next = SystemTime::UNIX_EPOCH + Duration::from_secs(9);
        assert_eq!(history.next_run(), Some(next));
    }

    #[test]
    fn who_leaves_is_forgotten() {
        let instance = instance(innocent());
        let (stays, leaves) = (Arc::new(Batch::new()), Arc::new(Batch::new()));
        let start = Instant::now();
        let Answer::Start(run) = ask(&instance, asked(start, 0), &stays) else {
            panic!("nothing was known");
        };
        let joined = ask(&instance, asked(start, 0), &leaves);
        assert!(matches!(joined, Answer::Joined(_)));
        instance.leave(run, &leaves);
        let state = instance.state();
        let waiting = &state.flight.as_ref().expect("it runs").waiting;
        assert!(waiting.is(&stays));
    }

    #[test]
    fn the_same_things_in_another_order_are_another_instance() {
        let things = [Arc::new(7), Arc::new(7)];
        let [one, other] = things.each_ref().map(Brought::of);
        let brought = vec![one.clone(), other.clone()];
        let core = Core::new(brought, Arc::new(Teller::nobody()), Arc::default());
        assert!(core.is_bound_to(&[one.clone(), other.clone()]));
        assert!(!core.is_bound_to(&[other, one]));
    }
}
