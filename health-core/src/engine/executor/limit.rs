//! How many runs may be under way at once.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use tokio::time::{Instant, sleep_until};

use super::Executor;
use crate::engine::instance::Instance;
use crate::engine::run::Job;
use crate::engine::why::Why;
use crate::sync::{EXPLORED, Mutex, lock};

#[derive(Debug)]
pub(super) struct Limit {
    most: usize,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    under_way: Vec<Holder>,
    waiting: VecDeque<Job>,
    permits: u64,
    /// Whether somebody is about to begin those who may, so that nobody else need.
    admitting: bool,
    /// Whether somebody watches for holders that are overdue.
    watched: bool,
}

/// Who holds a permit, and until when at most.
#[derive(Debug)]
struct Holder {
    number: u64,
    deadline: Instant,
    instance: Instance,
}

/// Allows one run. It is given back when the run has ended, or is overdue: one that hangs must not
/// keep the others from running.
#[derive(Debug)]
pub(crate) struct Permit {
    number: u64,
    executor: Weak<Executor>,
}

impl Limit {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            line: Mutex::default(),
        }
    }

    pub(super) fn queue(&self, jobs: Vec<Job>) {
        lock(&self.line).waiting.extend(jobs);
    }

    /// Begins those who may. To begin one can end it at once, which admits the next: so whoever
    /// comes meanwhile leaves it to the one who is here.
    pub(super) fn admit(&self, executor: &Arc<Executor>) {
        loop {
            {
                let mut line = lock(&self.line);
                let idle = line.waiting.is_empty() || line.under_way.len() >= self.most;
                if line.admitting || idle {
                    break;
                }
                line.admitting = true;
            }
            let jobs = self.admitted(executor);
            executor.begin(jobs);
            lock(&self.line).admitting = false;
        }
        self.watch(executor);
    }

    /// Jobs that may begin now. No lock is held while a job is asked whether it is still wanted;
    /// one that is not goes along without a permit, to be ended.
    fn admitted(&self, executor: &Arc<Executor>) -> Vec<Job> {
        let mut admitted = Vec::new();
        while let Some((job, permit)) = self.next(executor) {
            if let Err(mut permit) = job.admit(permit) {
                self.give_back(permit.number);
                permit.executor = Weak::new();
            }
            admitted.push(job);
        }
        admitted
    }

    /// The next job that may begin, if there is one, and its permit.
    fn next(&self, executor: &Arc<Executor>) -> Option<(Job, Permit)> {
        let mut line = lock(&self.line);
        if line.under_way.len() >= self.most {
            return None;
        }
        let job = line.waiting.pop_front()?;
        line.permits += 1;
        let number = line.permits;
        line.under_way.push(Holder {
            number,
            deadline: job.deadline(),
            instance: job.instance().clone(),
        });
        let executor = Arc::downgrade(executor);
        Some((job, Permit { number, executor }))
    }

    fn give_back(&self, number: u64) {
        let mut line = lock(&self.line);
        line.under_way.retain(|holder| holder.number != number);
    }

    /// Names those whom a check waits for, if it does.
    pub(super) fn why_waiting(&self, check: &str) -> Option<Why> {
        let line = lock(&self.line);
        let waits = line.waiting.iter().any(|job| job.check().name() == check);
        let holders = line.under_way.iter();
        let holders = holders.map(|holder| holder.instance.check().named());
        waits.then(|| Why::because_of("it waits for", holders))
    }

    /// Sees to it that those who wait do not wait for what is overdue, though nobody asks for it.
    fn watch(&self, executor: &Arc<Executor>) {
        let mut line = lock(&self.line);
        if EXPLORED || line.watched || line.waiting.is_empty() {
            return;
        }
        line.watched = true;
        drop(line);
        if executor.plan(watch(Arc::downgrade(executor))).is_err() {
            lock(&self.line).watched = false;
        }
    }

    /// When the next holder is overdue, as long as somebody waits.
    fn next_deadline(&self) -> Option<Instant> {
        let mut line = lock(&self.line);
        let next = line.under_way.iter().map(|holder| holder.deadline).min();
        let next = next.filter(|_| !line.waiting.is_empty());
        line.watched = next.is_some();
        next
    }

    /// Settles what is overdue, which gives its permits back.
    fn expire(&self, now: Instant, executor: &Arc<Executor>) {
        let overdue: Vec<_> = {
            let mut line = lock(&self.line);
            let (overdue, rest) = std::mem::take(&mut line.under_way)
                .into_iter()
                .partition(|holder| holder.deadline <= now);
            line.under_way = rest;
            overdue
        };
        for holder in &overdue {
            let hint = |check: &str| executor.why_starved(check);
            holder.instance.expire(holder.deadline, &hint);
        }
        self.admit(executor);
    }
}

async fn watch(executor: Weak<Executor>) {
    loop {
        let next = executor.upgrade();
        let next = next.and_then(|executor| executor.limit.as_ref()?.next_deadline());
        let Some(deadline) = next else {
            return;
        };
        sleep_until(deadline).await;
        let Some(executor) = executor.upgrade() else {
            return;
        };
        if let Some(limit) = &executor.limit {
            limit.expire(deadline, &executor);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(executor) = self.executor.upgrade() else {
            return;
        };
        if let Some(limit) = &executor.limit {
            limit.give_back(self.number);
            limit.admit(&executor);
        }
    }
}

#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests {
    use std::time::Duration;

    use tokio::runtime::{Builder, Handle};

    use super::*;
    use crate::Check;
    use crate::bind::Work;
    use crate::engine::executor::{Clock, Place, Threads};
    use crate::engine::run::tests::job_of;
    use crate::interleavings::{Bell, explore};
    use crate::sync::atomic::{AtomicUsize, Ordering};
    use crate::sync::{Mutex, thread};

    /// Long enough that no model's clock matters.
    const HOUR: Duration = Duration::from_secs(3600);

    /// Counts the runs under way, and rings for each that has gone.
    #[derive(Default)]
    struct Runs {
        under_way: AtomicUsize,
        begun: AtomicUsize,
        most: usize,
        gone: Arc<Bell>,
    }

    impl Runs {
        fn at_most(most: usize) -> Arc<Self> {
            Arc::new(Self {
                most,
                ..Self::default()
            })
        }

        fn job(self: &Arc<Self>, timeout: Duration) -> Job {
            let one = OneRun(Arc::clone(self), false);
            let work = async move {
                let mut one = one;
                let others = one.0.under_way.fetch_add(1, Ordering::Relaxed);
                one.0.begun.fetch_add(1, Ordering::Relaxed);
                one.1 = true;
                assert!(others < one.0.most, "one too many is under way");
            };
            let check = Check::new("one", async || ()).with_timeout(timeout);
            job_of(check, Work::future(work))
        }

        /// Waits until so many have gone, and all but some have run.
        fn wait(&self, gone: usize, unwanted: usize) {
            self.gone.wait(gone);
            assert_eq!(self.begun.load(Ordering::Relaxed), gone - unwanted);
        }
    }

    /// One of them, and whether it has begun.
    struct OneRun(Arc<Runs>, bool);

    impl Drop for OneRun {
        fn drop(&mut self) {
            if self.1 {
                self.0.under_way.fetch_sub(1, Ordering::Relaxed);
            }
            self.0.gone.ring();
        }
    }

    fn executor(reactor: &Handle, limit: usize, pollers: usize) -> Arc<Executor> {
        let threads = Threads::unwatched(reactor, pollers);
        Arc::new(Executor {
            place: Place::Threads,
            clock: Clock::System,
            threads: Mutex::new(Some(Arc::new(threads))),
            tasks: Mutex::default(),
            limit: Some(Limit::new(limit)),
        })
    }

    fn explore_limit(limit: usize, model: fn(Arc<Executor>, Arc<Runs>)) {
        let reactor = Builder::new_current_thread().build().unwrap();
        explore(2, move || {
            // One poller more than may be busy.
            let executor = executor(reactor.handle(), limit, limit + 1);
            model(executor, Runs::at_most(limit));
        });
    }

    #[test]
    fn what_two_threads_start_is_all_run_one_at_a_time() {
        explore_limit(1, |executor, runs| {
            let (other, job) = (Arc::clone(&executor), runs.job(HOUR));
            let starter = thread::spawn(move || other.start(vec![job]));
            executor.start(vec![runs.job(HOUR)]);
            starter.join().unwrap();
            runs.wait(2, 0);
        });
    }

    #[test]
    fn what_is_not_wanted_any_more_takes_no_turn() {
        explore_limit(1, |executor, runs| {
            executor.start(vec![
                runs.job(HOUR),
                runs.job(Duration::ZERO),
                runs.job(HOUR),
            ]);
            runs.wait(3, 1);
        });
    }

    #[test]
    fn two_at_once_are_no_more_than_two() {
        explore_limit(2, |executor, runs| {
            for _ in 0..3 {
                executor.start(vec![runs.job(HOUR)]);
            }
            runs.wait(3, 0);
        });
    }
}
