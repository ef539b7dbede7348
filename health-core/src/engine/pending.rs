//! The waiting side: it keeps the deadline, whatever the threads that run the checks do.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::batch::Batch;
use super::flight::timed_out;
use super::instance::{Instance, RunId};
use super::run::Job;
use super::{Engine, Target};
use crate::finding::Finding;
use crate::sample::Asked;
use crate::{Entry, Reason};

/// How long a waiter leaves a run that has timed out to be cancelled: one that can be has then
/// ended when the answer arrives, and the next probe starts a new run.
pub(super) const GRACE: Duration = Duration::from_millis(10);

/// A probe that is being put together: what is known, what to wait for, what to start.
pub(super) struct Asking {
    engine: Arc<Engine>,
    asked: Asked,
    batch: Arc<Batch>,
    places: Vec<Place>,
    jobs: Vec<Job>,
}

/// One check in a probe.
struct Place {
    target: Target,
    state: State,
}

/// What became of it.
enum State {
    Known(Finding),
    Waiting(Arc<Instance>, RunId),
}

impl Asking {
    pub(super) fn new(engine: Arc<Engine>, asked: Asked) -> Self {
        Self {
            engine,
            asked,
            batch: Arc::new(Batch::new()),
            places: Vec::new(),
            jobs: Vec::new(),
        }
    }

    pub(super) const fn batch(&self) -> &Arc<Batch> {
        &self.batch
    }

    pub(super) const fn asked(&self) -> Asked {
        self.asked
    }

    pub(super) fn know(&mut self, target: Target, finding: Finding) {
        let state = State::Known(finding);
        self.places.push(Place { target, state });
    }

    pub(super) fn wait_for(&mut self, target: Target, instance: Arc<Instance>, run: RunId) {
        let state = State::Waiting(instance, run);
        self.places.push(Place { target, state });
    }

    pub(super) fn run(&mut self, job: Job) {
        self.jobs.push(job);
    }

    /// Starts what is to be started.
    pub(super) fn start(self) -> Pending {
        self.engine.executor.start(self.jobs);
        self.batch.settle();
        Pending {
            engine: self.engine,
            asked: self.asked,
            batch: self.batch,
            places: self.places,
        }
    }
}

/// A probe that waits for runs.
pub(super) struct Pending {
    engine: Arc<Engine>,
    asked: Asked,
    batch: Arc<Batch>,
    places: Vec<Place>,
}

impl Pending {
    /// The entries, in the order in which the checks were asked, at the latest at the deadline.
    pub(super) async fn entries(mut self) -> Vec<Entry> {
        for deadline in self.deadlines() {
            if timeout_at(deadline + GRACE, self.batch.settled())
                .await
                .is_ok()
            {
                break;
            }
            self.expire(deadline);
        }
        let places = std::mem::take(&mut self.places);
        let indices: Vec<_> = places.iter().map(|place| place.target.index).collect();
        let mut entries: Vec<_> = places.into_iter().map(|place| self.entry(place)).collect();
        self.engine.attribute(&indices, &mut entries);
        entries
    }

    /// When to look at what is overdue: the deadlines of what is waited for, in order.
    fn deadlines(&self) -> Vec<Instant> {
        let latest = self.asked.instant + self.engine.deadline;
        let mut deadlines: Vec<_> = self
            .waiting()
            .map(|(target, ..)| (self.asked.instant + target.timeout()).min(latest))
            .collect();
        deadlines.sort_unstable();
        deadlines.dedup();
        deadlines
    }

    fn waiting(&self) -> impl Iterator<Item = (&Target, &Arc<Instance>, RunId)> {
        self.places.iter().filter_map(|place| match &place.state {
            State::Waiting(instance, run) => Some((&place.target, instance, *run)),
            State::Known(_) => None,
        })
    }

    fn expire(&self, deadline: Instant) {
        for (target, instance, _) in self.waiting() {
            if self.asked.instant + target.timeout() <= deadline {
                self.engine.expire(instance, deadline);
            }
        }
    }

    fn entry(&self, place: Place) -> Entry {
        let target = place.target;
        let finding = match place.state {
            State::Known(finding) => finding,
            State::Waiting(instance, run) => instance
                .result(run)
                .unwrap_or_else(|| self.leave(&target, &instance, run)),
        };
        let now = self.asked.instant;
        let mut entry = Entry::new(target.check, target.role, finding, now);
        target
            .cause
            .into_iter()
            .for_each(|cause| entry.set_cause(cause));
        entry
    }

    /// Gives up waiting.
    fn leave(&self, target: &Target, instance: &Instance, run: RunId) -> Finding {
        instance.leave(run, &self.batch);
        let (timeout, deadline) = (target.timeout(), self.engine.deadline);
        let message = if timeout <= deadline {
            timed_out(timeout, None)
        } else {
            let deadline = deadline.as_millis();
            format!("no answer within the probe's deadline of {deadline}ms").into()
        };
        instance.in_vain(self.asked.failed(Reason::TimedOut, message))
    }
}

impl Drop for Pending {
    /// A waiter that goes away early leaves nothing behind.
    fn drop(&mut self) {
        for (_, instance, run) in self.waiting() {
            if instance.result(run).is_none() {
                instance.leave(run, &self.batch);
            }
        }
    }
}
