//! What is known of a check and the things bound to it: at most one run at a time, its result for
//! everyone who asks.

use std::sync::Arc;

use tokio::time::Instant;

use super::batch::Batch;
use super::executor::Permit;
use super::flight::{Flight, Hint};
use crate::context::Identity;
use crate::finding::{Finding, Found};
use crate::history::Memory;
use crate::observe::{News, Teller};
use crate::sample::{Asked, Sample, spell};
use crate::settings::Age;
use crate::standing::Standing;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, lock};
use crate::told::Told;
use crate::{Check, History, Probe, Reason, Status};

/// A check together with the things bound to it: what results, runs and latches belong to.
#[derive(Debug)]
pub(crate) struct Instance {
    check: Arc<Check>,
    identities: Vec<Option<Identity>>,
    teller: Arc<Teller>,
    /// Whether it was told that a poll holds its thread.
    held: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    runs: RunId,
    flight: Option<Flight>,
    last: Option<(RunId, Finding)>,
    /// The first result that passed: a startup check's latch.
    passed: Option<Finding>,
    standing: Standing,
    memory: Memory,
    told: Told,
    /// What something else than a run says of it, and since when.
    said: Option<(Status, Asked)>,
    /// When its schedule begins, if it has one.
    scheduled: Option<Instant>,
}

/// Numbers the runs of an instance.
pub(crate) type RunId = u64;

/// Who asks, when, and what for.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) asked: Asked,
    /// The schedule asks for no probe, and always wants a run.
    pub(crate) probe: Option<Probe>,
    pub(crate) batch: &'a Arc<Batch>,
    pub(crate) hint: Hint<'a>,
}

/// What [`Instance::ask`] gives.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The result is there.
    Known(Finding),
    /// A run is under way and will settle the batch.
    Joined(RunId),
    /// A run has to be started; it will settle the batch.
    Start(RunId),
}

impl Instance {
    pub(crate) fn new(
        check: Arc<Check>,
        identities: Vec<Option<Identity>>,
        teller: Arc<Teller>,
    ) -> Self {
        let state = State {
            runs: 0,
            flight: None,
            last: None,
            passed: None,
            standing: Standing::default(),
            memory: Memory::of_the_last(teller.remembered()),
            told: teller.told(),
            said: None,
            scheduled: None,
        };
        Self {
            check,
            identities,
            teller,
            held: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    pub(crate) const fn check(&self) -> &Arc<Check> {
        &self.check
    }

    pub(crate) fn is_bound_to(&self, identities: &[Option<Identity>]) -> bool {
        self.identities == identities
    }

    /// Whether everything bound to it is still there.
    pub(crate) fn is_alive(&self) -> bool {
        self.identities.iter().flatten().all(Identity::is_alive)
    }

    /// From now on it runs by itself, first at `begins`.
    pub(crate) fn schedule(&self, begins: Instant) {
        lock(&self.state).scheduled = Some(begins);
    }

    /// The result that latched it, if it has ever passed.
    pub(crate) fn passed(&self) -> Option<Finding> {
        lock(&self.state).passed.clone()
    }

    /// What the last run found, before thresholds.
    pub(crate) fn last_raw(&self) -> Option<Status> {
        let state = lock(&self.state);
        state.last.as_ref().map(|(_, last)| last.sample.raw)
    }

    pub(crate) fn history(&self) -> History {
        let state = lock(&self.state);
        state.memory.recall(state.standing)
    }

    /// Asks for a result. Whoever is told to start a run has to end it.
    pub(crate) fn ask(&self, question: Question<'_>) -> Answer {
        let (answer, after) = {
            let mut state = lock(&self.state);
            let after = state.expire(&self.check, question.asked.instant, question.hint);
            self.post(after.as_ref());
            (state.answer(&self.check, question), after)
        };
        after.into_iter().for_each(|after| self.carry_out(after));
        answer
    }

    /// What a probe would be told at once, if that is no older than it should be.
    pub(crate) fn peek(&self, asked: Asked, probe: Probe, hint: Hint<'_>) -> Option<Finding> {
        let (known, after) = {
            let mut state = lock(&self.state);
            let after = state.expire(&self.check, asked.instant, hint);
            self.post(after.as_ref());
            (state.known(&self.check, asked, probe, hint), after)
        };
        after.into_iter().for_each(|after| self.carry_out(after));
        known
    }

    /// Somebody who waits gives up: the result, should there be one after all, or else this, as
    /// if the run had failed.
    pub(crate) fn give_up(&self, run: RunId, batch: &Arc<Batch>, sample: Sample) -> Finding {
        let mut state = lock(&self.state);
        if let Some(finding) = state.result(run) {
            return finding;
        }
        state.leave(run, batch);
        let mut standing = state.standing;
        standing.count(&self.check, sample.raw, sample.asked());
        Found::new(sample, standing)
    }

    /// What is said of it by something else than a run.
    pub(crate) fn said(&self, sample: Sample) -> Finding {
        let since = sample.asked();
        lock(&self.state).said(sample, since)
    }

    /// Lets a run begin that waited for others; whether it is still wanted.
    pub(crate) fn admit(&self, run: RunId, now: Instant, permit: Permit) -> Result<(), Permit> {
        match lock(&self.state).wanted(run, now) {
            Some(flight) => {
                flight.permit = Some(permit);
                Ok(())
            }
            None => Err(permit),
        }
    }

    /// Whether a run may be taken up: not if its time is over already.
    pub(crate) fn may_begin(&self, run: RunId, now: Instant) -> bool {
        lock(&self.state).wanted(run, now).is_some()
    }

    /// Settles the run that is under way as timed out, if it is.
    pub(crate) fn expire(&self, now: Instant, hint: Hint<'_>) {
        let after = {
            let mut state = lock(&self.state);
            let after = state.expire(&self.check, now, hint);
            self.post(after.as_ref());
            after
        };
        after.into_iter().for_each(|after| self.carry_out(after));
    }

    /// The run has ended. Its result counts unless it came too late.
    pub(crate) fn end(&self, run: RunId, now: Instant, sample: Option<Sample>) {
        let after = {
            let mut state = lock(&self.state);
            if state.flight.as_ref().is_none_or(|f| f.run != run) {
                return;
            }
            let mut after = state
                .expire(&self.check, now, &|_| None)
                .unwrap_or_default();
            if let Some(sample) = sample {
                after.add(state.settle(&self.check, sample, now));
            }
            state.flight = None;
            self.post(Some(&after));
            after
        };
        self.carry_out(after);
    }

    /// The result of this run, or of a later one.
    pub(crate) fn result(&self, run: RunId) -> Option<Finding> {
        lock(&self.state).result(run)
    }

    /// A waiter leaves before the run has settled.
    pub(crate) fn leave(&self, run: RunId, batch: &Arc<Batch>) {
        lock(&self.state).leave(run, batch);
    }

    /// Whether the run has not ended.
    pub(crate) fn is_under_way(&self, run: RunId) -> bool {
        let state = lock(&self.state);
        state
            .flight
            .as_ref()
            .is_some_and(|flight| flight.run == run)
    }

    /// Tells that a poll holds its thread; once.
    pub(crate) fn warn_of_held_thread(&self, held: std::time::Duration) {
        if self.held.swap(true, Ordering::Relaxed) {
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

    /// Tells the observers' inboxes, in the order in which things happen: under the lock, for no
    /// code of the user's runs there.
    fn post(&self, after: Option<&After>) {
        for news in after
            .into_iter()
            .flat_map(|after| after.news.iter().flatten())
        {
            self.teller.post(&self.check, news);
        }
    }

    fn carry_out(&self, after: After) {
        let After {
            waiting,
            permit,
            news,
        } = after;
        for batch in &waiting {
            batch.settle();
        }
        // Lets another run begin.
        drop(permit);
        for news in news.iter().flatten() {
            news.log(&self.check);
        }
    }
}

impl State {
    fn answer(&mut self, check: &Check, question: Question<'_>) -> Answer {
        let Question { asked, batch, .. } = question;
        let known = match question.probe {
            Some(probe) => self.known(check, asked, probe, question.hint),
            None => self.still_running(asked, check, question.hint),
        };
        if let Some(finding) = known {
            return Answer::Known(finding);
        }
        if let Some(flight) = &mut self.flight {
            batch.add();
            flight.waiting.push(Arc::clone(batch));
            return Answer::Joined(flight.run);
        }
        let not_yet = |begins| asked.instant < begins && question.probe.is_some();
        if self.scheduled.is_some_and(not_yet) {
            return Answer::Known(self.no_result(asked));
        }
        batch.add();
        self.runs += 1;
        self.flight = Some(Flight::new(self.runs, asked, check, Arc::clone(batch)));
        Answer::Start(self.runs)
    }

    fn result(&self, run: RunId) -> Option<Finding> {
        let (_, finding) = self.last.as_ref().filter(|(last, _)| *last >= run)?;
        Some(finding.clone())
    }

    fn leave(&mut self, run: RunId, batch: &Arc<Batch>) {
        if let Some(flight) = self.flight.as_mut().filter(|f| f.run == run) {
            flight.waiting.retain(|b| !Arc::ptr_eq(b, batch));
        }
    }

    /// What can be said without waiting for a run.
    fn known(
        &mut self,
        check: &Check,
        asked: Asked,
        probe: Probe,
        hint: Hint<'_>,
    ) -> Option<Finding> {
        let running = self.still_running(asked, check, hint);
        if running.is_some() {
            return running;
        }
        let (_, last) = self.last.as_ref()?;
        let age = asked.instant.duration_since(last.sample.asked);
        let scheduled = self.scheduled.is_some();
        match check.settings().age(probe, last.sample.raw, age, scheduled) {
            Age::Fresh => Some(last.clone()),
            Age::Stale => {
                let message = format!("no result for {}", spell(age));
                let last = last.sample.asked();
                let since = last.until(last.instant + check.settings().stale_after());
                Some(self.said(asked.failed(Reason::Stale, message), since))
            }
            Age::Old => None,
        }
    }

    fn still_running(&self, asked: Asked, check: &Check, hint: Hint<'_>) -> Option<Finding> {
        let flight = self.flight.as_ref().filter(|flight| flight.settled)?;
        let sample = flight.still_running(asked, hint(check.name()));
        Some(Found::new(sample, self.standing))
    }

    fn no_result(&self, asked: Asked) -> Finding {
        let sample = asked.failed(Reason::NoResult, "no result yet");
        Found::new(sample, self.standing)
    }

    /// What something else than a run says of it, since it said so first.
    fn said(&mut self, sample: Sample, since: Asked) -> Finding {
        let said = self.said.filter(|(status, _)| *status == sample.raw);
        let (status, since) = said.unwrap_or((sample.raw, since));
        self.said = Some((status, since));
        Found::new(sample, self.standing.taken_for(status, since))
    }

    /// Whether the schedule had brought nothing for too long when a run was asked for.
    fn was_stale(&self, check: &Check, asked: Instant) -> bool {
        let last = self.last.as_ref().filter(|_| self.scheduled.is_some());
        let age = last.map(|(_, last)| asked.duration_since(last.sample.asked));
        age.is_some_and(|age| age >= check.settings().stale_after())
    }

    fn wanted(&mut self, run: RunId, now: Instant) -> Option<&mut Flight> {
        let flight = self.flight.as_mut().filter(|f| f.run == run)?;
        (!flight.settled && now < flight.deadline()).then_some(flight)
    }

    /// Settles a run that is overdue, and counts it again each time that it is so.
    fn expire(&mut self, check: &Check, now: Instant, hint: Hint<'_>) -> Option<After> {
        let flight = self.flight.as_mut()?;
        if !flight.fails_now(now) {
            return None;
        }
        if flight.settled {
            return self.count_again(check, now);
        }
        let sample = flight.timed_out(hint(check.name()));
        Some(self.settle(check, sample, now))
    }

    fn count_again(&mut self, check: &Check, now: Instant) -> Option<After> {
        let flight = self.flight.as_ref()?;
        let before = self.standing.decided();
        self.standing.count(check, Status::Unhealthy, flight.asked);
        if let Some((_, last)) = &mut self.last {
            Arc::make_mut(last).standing = self.standing;
        }
        if self.standing.decided() == before {
            return None;
        }
        let sample = flight.still_running(flight.asked.until(now), None);
        let finding = Found::new(sample, self.standing);
        Some(After {
            news: [Some(self.told.hear(before, finding, now, false)), None],
            ..After::default()
        })
    }

    /// Publishes the result of the run that is under way, once.
    fn settle(&mut self, check: &Check, sample: Sample, now: Instant) -> After {
        let Some(flight) = self.flight.as_mut().filter(|f| !f.settled) else {
            return After::default();
        };
        flight.settled = true;
        let run = flight.run;
        let waiting = std::mem::take(&mut flight.waiting);
        let permit = flight.permit.take();
        let asked = flight.asked.instant;
        let before = self.standing.decided();
        if self.was_stale(check, asked) {
            // What was before the gap says nothing of what is after it.
            self.standing.forget();
        }
        self.standing.count(check, sample.raw, sample.asked());
        self.said = None;
        let finding = Found::new(sample, self.standing);
        self.memory.add(&finding);
        self.last = Some((run, finding.clone()));
        if self.passed.is_none() && self.standing.passed() {
            self.passed = Some(finding.clone());
            self.told.passed(check);
        }
        After {
            waiting,
            permit,
            news: [Some(self.told.hear(before, finding, now, true)), None],
        }
    }
}

/// What is to be done once the lock is released.
#[derive(Debug, Default)]
#[must_use]
struct After {
    waiting: Vec<Arc<Batch>>,
    permit: Option<Permit>,
    news: [Option<News>; 2],
}

impl After {
    /// Adds what comes later. A run settles once, so only one of the two has settled.
    fn add(&mut self, mut later: Self) {
        if self.waiting.is_empty() {
            self.waiting = later.waiting;
        }
        self.permit = self.permit.take().or(later.permit);
        if self.news[0].is_none() {
            self.news = later.news;
        } else {
            self.news[1] = self.news[1].take().or_else(|| later.news[0].take());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn asked(start: Instant, ms: u64) -> Asked {
        Asked {
            instant: start + Duration::from_millis(ms),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn instance(check: Check) -> Instance {
        Instance::new(Arc::new(check), Vec::new(), Arc::new(Teller::nobody()))
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
            batch,
            hint: &|check| Some(format!("all but `{check}` hold the threads")),
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
            Some("still running after 2.0 s: all but `innocent` hold the threads")
        );
        let result = instance.result(run).expect("it has settled");
        assert_eq!(
            result.sample.message.as_deref(),
            Some("Timeout after 800ms: all but `innocent` hold the threads")
        );
        let late = start + Duration::from_secs(3);
        assert!(!instance.may_begin(run, late), "it is too late to start");
        instance.end(run, late, None);
        assert!(matches!(ask(4000), Answer::Start(_)));
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
        let state = lock(&instance.state);
        let waiting = &state.flight.as_ref().expect("it runs").waiting;
        assert!(waiting.len() == 1 && Arc::ptr_eq(&waiting[0], &stays));
    }

    #[test]
    fn the_same_things_in_another_order_are_another_instance() {
        let thing = Arc::new(7);
        let identity = || Some(Identity::of(&thing));
        let check = Arc::new(Check::new("two", async || ()));
        let teller = Arc::new(Teller::nobody());
        let instance = Instance::new(check, vec![identity(), None], teller);
        assert!(instance.is_bound_to(&[identity(), None]));
        assert!(!instance.is_bound_to(&[None, identity()]));
    }
}
