//! The waiting side: it keeps the deadline, whatever the threads that run the checks do.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Engine;
use super::batch::Batch;
use super::flight::{out_of_time, timed_out};
use super::instance::{Instance, RunId};
use super::roster::Roster;
use super::run::Job;
use super::target::Target;
use crate::finding::{Finding, Kept};
use crate::sample::Asked;
use crate::{Entry, Probe};

/// How long a waiter leaves a run that has timed out to be cancelled: one that can be has then
/// ended when the answer arrives, and the next probe starts a new run.
pub(super) const GRACE: Duration = Duration::from_millis(10);

/// How many runs are started at once: while their checks run, the rest is asked.
pub(super) const AT_ONCE: usize = 64;

/// A probe that is being put together: what is known, what to wait for, what to start.
pub(super) struct Asking {
    engine: Arc<Engine>,
    roster: Arc<Roster>,
    asked: Asked,
    batch: Arc<Batch>,
    places: Vec<Place>,
    jobs: Vec<Job>,
    /// How many of them are started at once.
    at_once: usize,
}

/// What became of one check.
enum Place {
    Known(usize, Entry),
    Waiting(Waiting),
}

/// A check whose run is waited for.
struct Waiting {
    /// The place of the check in the roster.
    index: usize,
    role: Probe,
    instance: Instance,
    run: RunId,
}

impl Waiting {
    fn timeout(&self) -> Duration {
        self.instance.check().timeout_for(self.role)
    }
}

impl Asking {
    /// With room for this many checks.
    pub(super) fn new(
        engine: &Arc<Engine>,
        roster: &Arc<Roster>,
        asked: Asked,
        checks: usize,
        at_once: usize,
    ) -> Self {
        Self {
            engine: Arc::clone(engine),
            roster: Arc::clone(roster),
            asked,
            batch: Arc::new(Batch::new()),
            places: Vec::with_capacity(checks),
            jobs: Vec::new(),
            at_once,
        }
    }

    pub(super) const fn batch(&self) -> &Arc<Batch> {
        &self.batch
    }

    pub(super) fn know(&mut self, target: Target, finding: Finding) {
        let kept = match &target.bound {
            Ok((instance, _)) => instance.kept(target.role, &finding),
            Err(_) => Kept::Not,
        };
        let now = self.asked.instant;
        let mut entry = Entry::new(target.check, target.role, finding, kept, now);
        if let Some(cause) = target.cause {
            entry.set_cause(cause);
        }
        self.places.push(Place::Known(target.index, entry));
    }

    /// What is at this place of the roster, asked as that.
    pub(super) fn wait_for(
        &mut self,
        (index, role): (usize, Probe),
        instance: Instance,
        run: RunId,
    ) {
        self.places.push(Place::Waiting(Waiting {
            index,
            role,
            instance,
            run,
        }));
    }

    pub(super) fn run(&mut self, job: Job) {
        if self.jobs.is_empty() {
            // Mostly, where one is run, the rest is run too.
            let rest = 1 + self.places.capacity() - self.places.len();
            self.jobs.reserve_exact(rest.min(self.at_once));
        }
        self.jobs.push(job);
        if self.jobs.len() == self.at_once {
            self.start_jobs();
        }
    }

    fn start_jobs(&mut self) {
        self.engine.start_jobs(std::mem::take(&mut self.jobs));
    }

    /// Starts what is to be started.
    pub(super) fn start(mut self) -> Pending {
        self.start_jobs();
        self.batch.settle();
        Pending {
            engine: self.engine,
            roster: self.roster,
            asked: self.asked,
            batch: self.batch,
            places: self.places,
        }
    }
}

/// A probe that waits for runs.
pub(super) struct Pending {
    engine: Arc<Engine>,
    roster: Arc<Roster>,
    asked: Asked,
    batch: Arc<Batch>,
    places: Vec<Place>,
}

impl Pending {
    /// The entries, in the order in which the checks were asked, at the latest at the deadline.
    pub(super) async fn entries(self) -> Vec<Entry> {
        for deadline in self.deadlines() {
            if timeout_at(deadline + GRACE, self.batch.settled())
                .await
                .is_ok()
            {
                break;
            }
            self.expire(deadline);
        }
        self.settled()
    }

    /// The entries as they are now, in the order in which the checks were asked.
    pub(super) fn settled(mut self) -> Vec<Entry> {
        let places = std::mem::take(&mut self.places);
        let indices = self.roster.has_prerequisites().then(|| {
            let index = |place: &Place| match place {
                Place::Known(index, _) => *index,
                Place::Waiting(waiting) => waiting.index,
            };
            places.iter().map(index).collect::<Vec<_>>()
        });
        let mut entries: Vec<_> = places.into_iter().map(|place| self.entry(place)).collect();
        if let Some(indices) = indices {
            self.roster.attribute(&indices, &mut entries);
        }
        let now = Instant::now();
        entries.iter_mut().for_each(|entry| entry.made_at(now));
        entries
    }

    /// When to look at what is overdue: the deadlines of what is waited for, in order.
    fn deadlines(&self) -> Vec<Instant> {
        let latest = self.asked.instant + self.engine.deadline;
        let mut deadlines = Vec::new();
        for waiting in self.waiting() {
            let deadline = (self.asked.instant + waiting.timeout()).min(latest);
            // Most checks have the same timeout.
            if deadlines.last() != Some(&deadline) {
                deadlines.push(deadline);
            }
        }
        deadlines.sort_unstable();
        deadlines.dedup();
        deadlines
    }

    fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.places.iter().filter_map(|place| match place {
            Place::Waiting(waiting) => Some(waiting),
            Place::Known(..) => None,
        })
    }

    fn expire(&self, deadline: Instant) {
        for waiting in self.waiting() {
            if self.asked.instant + waiting.timeout() <= deadline {
                self.engine.expire(&waiting.instance, deadline);
            }
        }
    }

    fn entry(&self, place: Place) -> Entry {
        let waiting = match place {
            Place::Known(_, entry) => return entry,
            Place::Waiting(waiting) => waiting,
        };
        let known = waiting.instance.result_for(waiting.run, waiting.role);
        let (finding, kept) = known.unwrap_or_else(|| {
            let finding = self.leave(&waiting);
            let kept = waiting.instance.kept(waiting.role, &finding);
            (finding, kept)
        });
        let check = Arc::clone(waiting.instance.check());
        Entry::new(check, waiting.role, finding, kept, self.asked.instant)
    }

    /// Gives up waiting.
    fn leave(&self, waiting: &Waiting) -> Finding {
        let why = self.engine.why_starved(waiting.instance.check().name());
        let (timeout, deadline) = (waiting.timeout(), self.engine.deadline);
        let sample = if timeout <= deadline {
            timed_out(self.asked, timeout, why)
        } else {
            out_of_time(self.asked, deadline, why)
        };
        waiting.instance.give_up(waiting.run, &self.batch, sample)
    }
}

impl Drop for Pending {
    /// A waiter that goes away early leaves nothing behind.
    fn drop(&mut self) {
        for waiting in self.waiting() {
            if waiting.instance.result(waiting.run).is_none() {
                waiting.instance.leave(waiting.run, &self.batch);
            }
        }
    }
}
