//! The waiting side: it keeps the deadline, whatever the threads that run the checks do.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Engine;
use super::batch::Batch;
use super::flight::{Instance, RunId, timed_out};
use super::run::Job;
use crate::sample::{Asked, Sample};
use crate::{Check, Entry, Reason};

/// How long a waiter leaves a run that has timed out to be cancelled: one that can be has then
/// ended when the answer arrives, and the next probe starts a new run.
const GRACE: Duration = Duration::from_millis(10);

/// A probe that is being put together: what is known, what to wait for, what to start.
pub(super) struct Asking {
    engine: Arc<Engine>,
    asked: Asked,
    batch: Arc<Batch>,
    slots: Vec<Slot>,
    jobs: Vec<Job>,
}

/// What became of one check.
enum Slot {
    Known(Arc<Check>, Arc<Sample>),
    Waiting(Arc<Instance>, RunId),
}

impl Asking {
    pub(super) fn new(engine: Arc<Engine>, asked: Asked) -> Self {
        Self {
            engine,
            asked,
            batch: Arc::new(Batch::new()),
            slots: Vec::new(),
            jobs: Vec::new(),
        }
    }

    pub(super) const fn batch(&self) -> &Arc<Batch> {
        &self.batch
    }

    pub(super) fn know(&mut self, check: &Arc<Check>, sample: Arc<Sample>) {
        self.slots.push(Slot::Known(Arc::clone(check), sample));
    }

    pub(super) fn wait_for(&mut self, instance: Arc<Instance>, run: RunId) {
        self.slots.push(Slot::Waiting(instance, run));
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
            slots: self.slots,
        }
    }
}

/// A probe that waits for runs.
pub(super) struct Pending {
    engine: Arc<Engine>,
    asked: Asked,
    batch: Arc<Batch>,
    slots: Vec<Slot>,
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
        let slots = std::mem::take(&mut self.slots);
        slots.into_iter().map(|slot| self.entry(slot)).collect()
    }

    /// When to look at what is overdue: the deadlines of what is waited for, in order.
    fn deadlines(&self) -> Vec<Instant> {
        let latest = self.asked.instant + self.engine.deadline;
        let mut deadlines: Vec<_> = self
            .waiting()
            .map(|(instance, _)| (self.asked.instant + instance.check().timeout()).min(latest))
            .collect();
        deadlines.sort_unstable();
        deadlines.dedup();
        deadlines
    }

    fn waiting(&self) -> impl Iterator<Item = (&Arc<Instance>, RunId)> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Waiting(instance, run) => Some((instance, *run)),
            Slot::Known(..) => None,
        })
    }

    fn expire(&self, deadline: Instant) {
        let hint = |check: &str| self.engine.executor.why_starved(check);
        for (instance, _) in self.waiting() {
            if self.asked.instant + instance.check().timeout() <= deadline {
                instance.expire(deadline, &hint);
            }
        }
    }

    fn entry(&self, slot: Slot) -> Entry {
        match slot {
            Slot::Known(check, sample) => Entry::new(check, sample),
            Slot::Waiting(instance, run) => {
                let sample = instance.result(run).unwrap_or_else(|| {
                    instance.leave(run, &self.batch);
                    let (timeout, deadline) = (instance.check().timeout(), self.engine.deadline);
                    let message = if timeout <= deadline {
                        timed_out(timeout, None)
                    } else {
                        let deadline = deadline.as_millis();
                        format!("no answer within the probe's deadline of {deadline}ms").into()
                    };
                    self.asked.failed(Reason::TimedOut, message)
                });
                Entry::new(Arc::clone(instance.check()), sample)
            }
        }
    }
}

impl Drop for Pending {
    /// A waiter that goes away early leaves nothing behind.
    fn drop(&mut self) {
        for (instance, run) in self.waiting() {
            if instance.result(run).is_none() {
                instance.leave(run, &self.batch);
            }
        }
    }
}
