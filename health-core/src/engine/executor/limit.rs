//! How many runs may be under way at once.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::{Executor, name_some};
use crate::Check;
use crate::engine::run::Job;
use crate::sync::{Mutex, lock};

#[derive(Debug)]
pub(super) struct Limit {
    most: usize,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    /// Who holds a permit, by its number.
    under_way: Vec<(u64, Arc<Check>)>,
    waiting: VecDeque<Job>,
    permits: u64,
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

    /// The next job that may begin, if there is one, and its permit.
    fn next(&self, executor: &Arc<Executor>) -> Option<(Job, Permit)> {
        let mut line = lock(&self.line);
        if line.under_way.len() >= self.most {
            return None;
        }
        let job = line.waiting.pop_front()?;
        line.permits += 1;
        let number = line.permits;
        line.under_way.push((number, Arc::clone(job.check())));
        let executor = Arc::downgrade(executor);
        Some((job, Permit { number, executor }))
    }

    /// Jobs that may begin now. No lock is held while a job is asked whether it is still wanted;
    /// one that is not goes along without a permit, to be ended.
    pub(super) fn admit(&self, executor: &Arc<Executor>) -> Vec<Job> {
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

    fn give_back(&self, number: u64) {
        let mut line = lock(&self.line);
        line.under_way.retain(|(permit, _)| *permit != number);
    }

    /// Names those whom a check waits for, if it does.
    pub(super) fn why_waiting(&self, check: &str) -> Option<String> {
        let line = lock(&self.line);
        let waits = line.waiting.iter().any(|job| job.check().name() == check);
        let holders = line.under_way.iter().map(|(_, check)| check.name());
        waits.then(|| format!("it waits for {}", name_some(holders)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(executor) = self.executor.upgrade() else {
            return;
        };
        if let Some(limit) = &executor.limit {
            limit.give_back(self.number);
            let jobs = limit.admit(&executor);
            executor.begin(jobs);
        }
    }
}

#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests {
    use std::time::Duration;

    use tokio::runtime::{Builder, Handle};

    use super::*;
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
