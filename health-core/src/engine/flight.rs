//! At most one run at a time, its result for everyone who asks.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::batch::Batch;
use crate::context::Identity;
use crate::observe::{Event, Told};
use crate::sample::{Asked, Sample};
use crate::sync::lock;
use crate::{Check, Reason};

/// A check together with the things bound to it: what results, runs and latches belong to.
#[derive(Debug)]
pub(crate) struct Instance {
    check: Arc<Check>,
    identities: Vec<Option<Identity>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runs: RunId,
    flight: Option<Flight>,
    last: Option<(RunId, Arc<Sample>)>,
    /// The first result that passed: a startup check's latch.
    passed: Option<Arc<Sample>>,
    told: Told,
}

/// A run that has not ended.
#[derive(Debug)]
struct Flight {
    run: RunId,
    asked: Asked,
    deadline: Instant,
    /// Whether its result is known: it may be overdue and still running.
    settled: bool,
    waiting: Vec<Arc<Batch>>,
}

/// Numbers the runs of an instance.
pub(crate) type RunId = u64;

/// What [`Instance::ask`] gives.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The result is there.
    Known(Arc<Sample>),
    /// A run is under way and will settle the batch.
    Joined(RunId),
    /// A run has to be started; it will settle the batch.
    Start(RunId),
}

impl Instance {
    pub(crate) fn new(check: Arc<Check>, identities: Vec<Option<Identity>>) -> Self {
        Self {
            check,
            identities,
            state: Mutex::default(),
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

    /// The result that latched it, if it has ever passed.
    pub(crate) fn passed(&self) -> Option<Arc<Sample>> {
        lock(&self.state).passed.clone()
    }

    /// Asks for a result no older than `cache`. Whoever is told to start a run has to end it.
    pub(crate) fn ask(
        &self,
        asked: Asked,
        cache: Duration,
        batch: &Arc<Batch>,
        hint: Hint<'_>,
    ) -> Answer {
        let now = asked.instant;
        let (answer, after) = {
            let mut state = lock(&self.state);
            let after = state.expire(&self.check, now, hint);
            (state.answer(&self.check, asked, cache, batch, hint), after)
        };
        after.carry_out(&self.check);
        answer
    }

    /// Whether a run may be taken up: not if its time is over already.
    pub(crate) fn may_begin(&self, run: RunId, now: Instant) -> bool {
        let state = lock(&self.state);
        let flight = state.flight.as_ref().filter(|f| f.run == run);
        flight.is_some_and(|f| !f.settled && now < f.deadline)
    }

    /// Settles the run that is under way as timed out, if it is.
    pub(crate) fn expire(&self, now: Instant, hint: Hint<'_>) {
        let after = lock(&self.state).expire(&self.check, now, hint);
        after.carry_out(&self.check);
    }

    /// The run has ended. Its result counts unless it came too late.
    pub(crate) fn end(&self, run: RunId, now: Instant, sample: Option<Arc<Sample>>) {
        let after = {
            let mut state = lock(&self.state);
            if state.flight.as_ref().is_none_or(|f| f.run != run) {
                return;
            }
            let mut after = state.expire(&self.check, now, &|_| None);
            if let Some(sample) = sample {
                after = after.or(state.settle(sample, now));
            }
            state.flight = None;
            after
        };
        after.carry_out(&self.check);
    }

    /// The result of this run, or of a later one.
    pub(crate) fn result(&self, run: RunId) -> Option<Arc<Sample>> {
        let state = lock(&self.state);
        let (_, sample) = state.last.as_ref().filter(|(last, _)| *last >= run)?;
        Some(Arc::clone(sample))
    }

    /// A waiter leaves before the run has settled.
    pub(crate) fn leave(&self, run: RunId, batch: &Arc<Batch>) {
        let mut state = lock(&self.state);
        if let Some(flight) = state.flight.as_mut().filter(|f| f.run == run) {
            flight.waiting.retain(|b| !Arc::ptr_eq(b, batch));
        }
    }
}

/// Says why a check gets nowhere, if the engine knows.
pub(crate) type Hint<'a> = &'a dyn Fn(&str) -> Option<String>;

impl State {
    fn answer(
        &mut self,
        check: &Check,
        asked: Asked,
        cache: Duration,
        batch: &Arc<Batch>,
        hint: Hint<'_>,
    ) -> Answer {
        let now = asked.instant;
        let fresh = self.last.as_ref().filter(|(_, s)| s.is_fresh(now, cache));
        if let Some((_, sample)) = fresh {
            return Answer::Known(Arc::clone(sample));
        }
        if let Some(flight) = &mut self.flight {
            if flight.settled {
                return Answer::Known(flight.still_running(asked, hint(check.name())));
            }
            batch.add();
            flight.waiting.push(Arc::clone(batch));
            return Answer::Joined(flight.run);
        }
        self.runs += 1;
        batch.add();
        self.flight = Some(Flight {
            run: self.runs,
            asked,
            deadline: now + check.timeout(),
            settled: false,
            waiting: vec![Arc::clone(batch)],
        });
        Answer::Start(self.runs)
    }

    fn expire(&mut self, check: &Check, now: Instant, hint: Hint<'_>) -> After {
        let overdue = self
            .flight
            .as_ref()
            .filter(|f| !f.settled && now >= f.deadline);
        let Some(flight) = overdue else {
            return After::default();
        };
        let message = timed_out(check.timeout(), hint(check.name()));
        let sample = flight.asked.failed(Reason::TimedOut, message);
        self.settle(sample, now)
    }

    /// Publishes the result of the run that is under way, once.
    fn settle(&mut self, sample: Arc<Sample>, now: Instant) -> After {
        let Some(flight) = self.flight.as_mut().filter(|f| !f.settled) else {
            return After::default();
        };
        flight.settled = true;
        let after = After {
            waiting: std::mem::take(&mut flight.waiting),
            event: self.told.hear(&sample, now),
        };
        if sample.status.is_passing() && self.passed.is_none() {
            self.passed = Some(Arc::clone(&sample));
        }
        self.last = Some((flight.run, sample));
        after
    }
}

impl Flight {
    fn still_running(&self, asked: Asked, why: Option<String>) -> Arc<Sample> {
        let running = asked.instant.duration_since(self.asked.instant);
        let message = because(format!("still running after {}", spell(running)), why);
        asked.failed(Reason::StillRunning, message)
    }
}

/// What is to be done once the lock is released.
#[derive(Debug, Default)]
#[must_use]
struct After {
    waiting: Vec<Arc<Batch>>,
    event: Option<Event>,
}

impl After {
    fn or(self, other: Self) -> Self {
        if self.waiting.is_empty() && self.event.is_none() {
            other
        } else {
            self
        }
    }

    fn carry_out(self, check: &Check) {
        for batch in &self.waiting {
            batch.settle();
        }
        if let Some(event) = self.event {
            event.log(check);
        }
    }
}

/// The text of a timeout: `Timeout after 500ms`.
pub(crate) fn timed_out(after: Duration, why: Option<String>) -> Cow<'static, str> {
    because(format!("Timeout after {}ms", after.as_millis()), why)
}

fn because(text: String, why: Option<String>) -> Cow<'static, str> {
    match why {
        Some(why) => format!("{text}: {why}").into(),
        None => text.into(),
    }
}

/// `0.4 s`, `12 s`.
fn spell(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn asked(start: Instant, ms: u64) -> Asked {
        Asked {
            instant: start + Duration::from_millis(ms),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn instance() -> Instance {
        let check = Check::new("innocent", async || ()).readiness();
        Instance::new(Arc::new(check), Vec::new())
    }

    #[test]
    fn a_run_that_gets_nowhere_names_those_who_hold_the_threads() {
        let start = Instant::now();
        let instance = instance();
        let ask = |ms| {
            let hint = |check: &str| Some(format!("all but `{check}` hold the threads"));
            instance.ask(
                asked(start, ms),
                Duration::ZERO,
                &Arc::new(Batch::new()),
                &hint,
            )
        };
        let Answer::Start(run) = ask(0) else {
            panic!("nothing was known");
        };
        assert!(matches!(ask(799), Answer::Joined(joined) if joined == run));
        let Answer::Known(sample) = ask(2000) else {
            panic!("it is overdue");
        };
        assert_eq!(
            sample.message.as_deref(),
            Some("still running after 2.0 s: all but `innocent` hold the threads")
        );
        assert_eq!(
            instance
                .result(run)
                .and_then(|sample| sample.message.clone())
                .as_deref(),
            Some("Timeout after 800ms: all but `innocent` hold the threads")
        );
        let late = start + Duration::from_secs(3);
        assert!(!instance.may_begin(run, late), "it is too late to start");
        instance.end(run, late, None);
        assert!(matches!(ask(4000), Answer::Start(_)));
    }

    #[test]
    fn who_leaves_is_forgotten() {
        let instance = instance();
        let (stays, leaves) = (Arc::new(Batch::new()), Arc::new(Batch::new()));
        let ask = |batch| instance.ask(asked(Instant::now(), 0), Duration::ZERO, batch, &|_| None);
        let Answer::Start(run) = ask(&stays) else {
            panic!("nothing was known");
        };
        assert!(matches!(ask(&leaves), Answer::Joined(_)));
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
        let instance = Instance::new(check, vec![identity(), None]);
        assert!(instance.is_bound_to(&[identity(), None]));
        assert!(!instance.is_bound_to(&[None, identity()]));
    }

    #[test]
    fn durations_are_spelt_as_people_say_them() {
        let spelt = |ms| spell(Duration::from_millis(ms));
        assert_eq!(
            [spelt(400), spelt(9949), spelt(12_400)],
            ["0.4 s", "9.9 s", "12 s"]
        );
    }
}
