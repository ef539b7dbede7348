//! What is known of an instance, and the rules by which that changes. No code of the user's runs
//! here, for it is called under a lock; what is to be done afterwards is handed out.

use std::sync::Arc;

use tokio::time::Instant;

use super::batch::{Batch, Waiters};
use super::executor::Permit;
use super::flight::{Flight, Hint};
use crate::finding::{Finding, Found, Kept};
use crate::history::{Memory, PastRun};
use crate::observe::Teller;
use crate::probe_path::Station;
use crate::sample::{Asked, Sample, spell};
use crate::settings::Age;
use crate::standings::Standings;
use crate::tally::Headcount;
use crate::told::News;
use crate::told::Told;
use crate::{Check, History, Probe, ProbePath, Reason, Status};

#[derive(Debug)]
pub(super) struct State {
    pub(super) runs: RunId,
    pub(super) flight: Option<Flight>,
    pub(super) last: Option<(RunId, Finding)>,
    /// What was last before it was forgotten: whoever waited for it may not have fetched it yet.
    forgotten: Option<(RunId, Finding)>,
    /// The first result that passed: a startup check's latch.
    pub(super) passed: Option<Finding>,
    pub(super) standings: Standings,
    remembered: usize,
    pub(super) memory: Memory,
    pub(super) told: Told,
    /// What something else than a run says of it, and since when.
    pub(super) said: Option<(Status, Asked)>,
    /// When its schedule begins, if it has one.
    pub(super) scheduled: Option<Instant>,
    /// When its schedule runs it next, as far as that is known.
    due: Option<Instant>,
    /// Whether the check is disabled, or gone: what becomes of a run under way changes nothing.
    pub(super) disabled: bool,
}

/// How a schedule begins.
#[derive(Debug)]
pub(crate) enum Begins {
    /// With a run then.
    At(Instant),
    /// With the run under way, which was asked for then and will settle the batch.
    With(Instant, Arc<Batch>),
}

/// Numbers the runs of an instance.
pub(crate) type RunId = u64;

/// Who asks, when, and what for.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) asked: Asked,
    /// The schedule asks for no probe, and always wants a run.
    pub(crate) probe: Option<Probe>,
    /// By way of whom.
    pub(crate) path: Option<&'a ProbePath>,
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
    /// A run is under way that may wait for who asks; the result before that, if there is one.
    PassedBy(Option<Finding>),
    /// A run has to be started; it will settle the batch.
    Start(RunId),
}

impl State {
    /// Nothing is known.
    pub(super) fn new(teller: &Teller) -> Self {
        Self {
            runs: 0,
            flight: None,
            last: None,
            forgotten: None,
            passed: None,
            standings: Standings::default(),
            remembered: teller.remembered(),
            memory: Memory::of_the_last(teller.remembered()),
            told: teller.told(),
            said: None,
            scheduled: None,
            due: None,
            disabled: false,
        }
    }

    pub(super) fn answer(
        &mut self,
        check: &Check,
        station: &Station,
        question: Question<'_>,
    ) -> Answer {
        let Question { asked, batch, .. } = question;
        let known = match question.probe {
            Some(probe) => self.known(check, asked, probe, question.hint),
            None => self.still_running(asked, check, question.hint),
        };
        if let Some(finding) = known {
            return Answer::Known(finding);
        }
        if let Some(flight) = &mut self.flight {
            let asks = check.asks_health;
            let waits = |path| !station.keeps_waiting(path, asks, &flight.begun);
            if !question.path.is_none_or(waits) {
                let last = self.last.as_ref();
                return Answer::PassedBy(last.map(|(_, last)| Arc::clone(last)));
            }
            batch.add();
            flight.waiting.add(Arc::clone(batch));
            return Answer::Joined(flight.run);
        }
        let not_yet = |begins| asked.instant < begins && question.probe.is_some();
        if self.last.is_none() && self.scheduled.is_some_and(not_yet) {
            return Answer::Known(self.no_result(asked));
        }
        batch.add();
        self.runs += 1;
        self.flight = Some(Flight::new(self.runs, check, question));
        Answer::Start(self.runs)
    }

    /// Has a schedule run it; returns how that begins. What an earlier schedule, or none, has let
    /// grow stale says nothing any more, but the initial delay is for what has never run.
    pub(super) fn schedule(&mut self, check: &Check, now: Instant) -> Begins {
        let is_stale = self.has_outlived(check, now);
        if is_stale {
            self.forget();
        }
        if let Some((asked, batch)) = self.join() {
            self.scheduled = Some(asked);
            self.due = None;
            return Begins::With(asked, batch);
        }
        let begins = if is_stale {
            now
        } else {
            self.due(check, now).max(now)
        };
        self.scheduled = Some(begins);
        self.due = Some(begins);
        Begins::At(begins)
    }

    /// The schedule runs it next then.
    pub(super) fn plan(&mut self, due: Instant) {
        self.due = Some(due);
    }

    /// No schedule runs it any more.
    pub(super) fn unschedule(&mut self) {
        self.scheduled = None;
        self.due = None;
    }

    /// Waits for the run that is under way, if its result is not known.
    fn join(&mut self) -> Option<(Instant, Arc<Batch>)> {
        let flight = self.flight.as_mut().filter(|flight| !flight.settled)?;
        let batch = Arc::new(Batch::new());
        flight.waiting.add(Arc::clone(&batch));
        Some((flight.asked.instant, batch))
    }

    /// When the schedule is to run it next. One that went on before is not put off.
    fn due(&self, check: &Check, now: Instant) -> Instant {
        let last = self.last.as_ref().map(|(_, last)| &last.sample);
        let due = last.and_then(|last| {
            let pause = check.settings().pause_after(last.raw)?;
            Some(last.asked + pause)
        });
        due.unwrap_or_else(|| {
            let begins = now + check.initial_delay();
            self.scheduled.map_or(begins, |before| before.min(begins))
        })
    }

    /// Nothing is known or was told, except that it has passed.
    pub(super) fn begin_anew(&mut self) {
        self.forget();
        self.standings.tell_anew();
        self.told.forget();
        self.disabled = false;
    }

    /// Forgets what was known, except that it has passed.
    fn forget(&mut self) {
        self.forgotten = self.last.take().or(self.forgotten.take());
        self.said = None;
        self.standings.forget();
    }

    /// Whether the last result is older than one of a schedule may be.
    fn has_outlived(&self, check: &Check, now: Instant) -> bool {
        self.last.as_ref().is_some_and(|(_, last)| {
            now.duration_since(last.sample.asked) >= check.settings().stale_after()
        })
    }

    pub(super) fn history(&self, now: Asked) -> History {
        let due = self
            .due
            .filter(|due| *due > now.instant || self.flight.is_none());
        let next_run = due.map(|due| now.until(due).at);
        self.memory
            .recall(self.standings.whole(), self.standings.recall())
            .with_next_run(next_run)
    }

    pub(super) fn result(&self, run: RunId) -> Option<Finding> {
        let mut known = self.last.iter().chain(&self.forgotten);
        let (_, finding) = known.find(|(known, _)| *known >= run)?;
        Some(finding.clone())
    }

    pub(super) fn leave(&mut self, run: RunId, batch: &Arc<Batch>) {
        if let Some(flight) = self.flight.as_mut().filter(|f| f.run == run) {
            flight.waiting.remove(batch);
        }
    }

    /// How long this is the answer to a probe that asks again. A run under way, or that of a
    /// schedule, brings another one.
    pub(super) fn kept(&self, check: &Check, probe: Probe, finding: &Finding) -> Kept {
        let is_it = |known: &Finding| Arc::ptr_eq(known, finding);
        if let Some(passed) = self.passed.as_ref().filter(|_| probe == Probe::Startup) {
            // A later run may have answered who waited for the one that passed.
            return if is_it(passed) {
                Kept::Latched
            } else {
                Kept::Not
            };
        }
        let is_last = self.last.as_ref().is_some_and(|(_, last)| is_it(last));
        if !is_last || self.flight.is_some() {
            return Kept::Not;
        }
        let scheduled = self.scheduled.is_some();
        let raw = finding.sample.raw;
        let until = finding.sample.asked + check.settings().kept(probe, raw, scheduled);
        match self.due {
            Some(due) => Kept::Until(until.min(due)),
            None if scheduled => Kept::Not,
            None => Kept::Until(until),
        }
    }

    /// What can be said without waiting for a run.
    pub(super) fn known(
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

    /// What can be said without a run, however old it is.
    pub(super) fn glance(
        &mut self,
        check: &Check,
        asked: Asked,
        probe: Probe,
        hint: Hint<'_>,
    ) -> Finding {
        let known = self.known(check, asked, probe, hint);
        let last = || self.last.as_ref().map(|(_, last)| last.clone());
        known.or_else(last).unwrap_or_else(|| self.no_result(asked))
    }

    pub(super) fn still_running(
        &self,
        asked: Asked,
        check: &Check,
        hint: Hint<'_>,
    ) -> Option<Finding> {
        let flight = self.flight.as_ref().filter(|flight| flight.settled)?;
        let sample = flight.still_running(asked, hint(check.name()));
        Some(Found::new(sample, self.standings.whole()))
    }

    fn no_result(&self, asked: Asked) -> Finding {
        let sample = asked.failed(Reason::NoResult, "no result yet");
        Found::new(sample, self.standings.whole())
    }

    /// What something else than a run says of it, since it said so first.
    pub(super) fn said(&mut self, sample: Sample, since: Asked) -> Finding {
        let said = self.said.filter(|(status, _)| *status == sample.raw);
        let (status, since) = said.unwrap_or((sample.raw, since));
        self.said = Some((status, since));
        let standing = self.standings.whole().taken_for(status, since);
        Found::new(sample, standing)
    }

    /// Whether the schedule had brought nothing for too long when a run was asked for.
    fn was_stale(&self, check: &Check, asked: Instant) -> bool {
        self.scheduled.is_some() && self.has_outlived(check, asked)
    }

    pub(super) fn wanted(&mut self, run: RunId, now: Instant) -> Option<&mut Flight> {
        let flight = self.flight.as_mut().filter(|f| f.run == run)?;
        (!flight.settled && now < flight.deadline()).then_some(flight)
    }

    /// Settles a run that is overdue, and counts it again each time that it is so.
    pub(super) fn expire(&mut self, check: &Check, now: Instant, hint: Hint<'_>) -> Option<After> {
        let flight = self.flight.as_mut()?;
        if !flight.fails_now(now) {
            return None;
        }
        if flight.settled {
            return if self.disabled {
                None
            } else {
                self.count_again(check, now)
            };
        }
        let sample = flight.timed_out(hint(check.name()));
        Some(self.settle(check, sample, now))
    }

    /// The run that is overdue is counted as long as it has not ended.
    pub(super) fn count_as_stuck(&mut self, stuck: &Headcount) {
        if let Some(flight) = &mut self.flight {
            flight.stuck.get_or_insert_with(|| stuck.token());
        }
    }

    fn count_again(&mut self, check: &Check, now: Instant) -> Option<After> {
        let flight = self.flight.as_ref()?;
        let before = self.standings.whole().decided();
        self.standings.fail_again(check, flight.asked);
        let standing = self.standings.whole();
        if let Some((_, last)) = &mut self.last {
            Arc::make_mut(last).standing = standing;
        }
        if standing.decided() == before {
            return None;
        }
        let sample = flight.still_running(flight.asked.until(now), None);
        let finding = Found::new(sample, standing);
        Some(After {
            news: [Some(self.told.hear(before, finding, now, false)), None],
            ..After::default()
        })
    }

    /// Publishes the result of the run that is under way, once.
    pub(super) fn settle(&mut self, check: &Check, mut sample: Sample, now: Instant) -> After {
        let Some(flight) = self.flight.as_mut().filter(|f| !f.settled) else {
            return After::default();
        };
        flight.settled = true;
        let run = flight.run;
        let waiting = std::mem::take(&mut flight.waiting);
        let permit = flight.permit.take();
        let asked = flight.asked.instant;
        let before = self.standings.whole().decided();
        if self.was_stale(check, asked) {
            // What was before the gap says nothing of what is after it.
            self.standings.forget();
        }
        let children = self.standings.count(check, &mut sample, self.remembered);
        self.said = None;
        let standing = self.standings.whole();
        self.memory.add(PastRun::of(&sample));
        let last = self.last.take().map(|(_, last)| last);
        let finding = Found::in_place_of(last, sample, standing, children);
        self.last = Some((run, finding.clone()));
        if self.passed.is_none() && standing.passed() {
            self.passed = Some(finding.clone());
            // Another may have come with the name of one that is gone.
            if !self.disabled {
                self.told.passed(check);
            }
        }
        let news = if self.disabled {
            News::of_a_run_alone(finding, now)
        } else {
            self.told.hear(before, finding, now, true)
        };
        After {
            waiting,
            permit,
            news: [Some(news), None],
        }
    }
}

/// What is to be done once the lock is released.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct After {
    pub(super) waiting: Waiters,
    pub(super) permit: Option<Permit>,
    pub(super) news: [Option<News>; 2],
}

impl After {
    /// Adds what comes later. A run settles once, so only one of the two has settled.
    pub(super) fn add(&mut self, mut later: Self) {
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
