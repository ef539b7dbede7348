//! What is counted while checks run and probes are answered.

use std::sync::Arc;
use std::time::Duration;

use crate::measurements::{BOUNDS, Counts, Distribution, ProbeMeasurements, RunResult, STATUSES};
use crate::sample::Asked;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, lock};
use crate::told::News;
use crate::{Probe, Status};

/// Counts the runs of a check, for whomever they are.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

impl Tally {
    /// Called under the lock of an instance, in the order in which things happen.
    pub(crate) fn count(&self, news: &News) {
        lock(&self.0).count(news);
    }

    pub(crate) fn counts(&self) -> Counts {
        lock(&self.0).clone()
    }
}

impl Counts {
    fn count(&mut self, news: &News) {
        if news.ran {
            self.count_run(news);
        }
        if let Some(status) = news.own_turn().filter(|_| news.counts) {
            self.transitions[status as usize] += 1;
        }
    }

    fn count_run(&mut self, news: &News) {
        let sample = &news.finding.sample;
        self.runs[RunResult::of(sample) as usize] += 1;
        self.durations.add(news.duration());
        let asked = Some(sample.asked());
        self.last_run = latest(self.last_run, asked);
        if sample.raw.is_passing() {
            self.last_success = latest(self.last_success, asked);
        }
    }
}

/// Whatever the wall clock was set to meanwhile.
fn latest(one: Option<Asked>, other: Option<Asked>) -> Option<Asked> {
    std::cmp::max_by_key(one, other, |asked| asked.map(|asked| asked.instant))
}

/// Counts the answers to probes.
#[derive(Debug, Default)]
pub(crate) struct ProbeTally([Answers; Probe::ALL.len()]);

#[derive(Debug, Default)]
struct Answers {
    verdicts: [AtomicU64; STATUSES],
    durations: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl ProbeTally {
    pub(crate) fn count(&self, probe: Probe, verdict: Status, took: Duration) {
        let answers = &self.0[probe as usize];
        let one_more = |count: &AtomicU64| count.fetch_add(1, Ordering::Relaxed);
        one_more(&answers.verdicts[verdict as usize]);
        one_more(&answers.durations[Distribution::bucket(took)]);
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        answers.nanoseconds.fetch_add(took, Ordering::Relaxed);
    }

    /// An answer that was known before it was asked for.
    pub(crate) fn count_at_once(&self, probe: Probe, verdict: Status) {
        let answers = &self.0[probe as usize];
        answers.verdicts[verdict as usize].fetch_add(1, Ordering::Relaxed);
        answers.durations[0].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn measurements(&self) -> [ProbeMeasurements; Probe::ALL.len()] {
        Probe::ALL.map(|probe| {
            let answers = &self.0[probe as usize];
            let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
            let sum = Duration::from_nanos(load(&answers.nanoseconds));
            ProbeMeasurements::new(
                probe,
                answers.verdicts.each_ref().map(load),
                Distribution::new(answers.durations.each_ref().map(load), sum),
            )
        })
    }
}

/// Counts those who hold one of its tokens.
#[derive(Debug, Default)]
pub(crate) struct Headcount(Arc<()>);

/// Whoever holds it is counted.
#[derive(Debug)]
pub(crate) struct Token(#[expect(dead_code, reason = "it is counted")] Arc<()>);

impl Headcount {
    pub(crate) fn token(&self) -> Token {
        Token(Arc::clone(&self.0))
    }

    pub(crate) fn count(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}
