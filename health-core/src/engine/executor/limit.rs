//! How many runs may be under way at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use super::{Executor, name_some};
use crate::Check;
use crate::engine::run::Job;
use crate::sync::lock;

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
