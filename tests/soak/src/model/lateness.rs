//! How late the machine itself was: as canaries in both processes felt it, and as the scheduler counts it.

use crate::clock::{MILLISECOND, Moment};

const BUCKET: Moment = 20 * MILLISECOND;
/// A request, its run and its answer pass so many threads, each of which may be as late as the latest.
const HOPS: Moment = 2;
/// So many spans are as long as a run and its overtime.
const RUN: usize = 25;

/// What was lost in each span of 20 ms, in microseconds.
#[derive(Debug)]
pub(crate) struct Lateness {
    start: Moment,
    of_machine: Vec<u32>,
    of_pauses: Vec<u32>,
    pauses: Vec<(Moment, Moment)>,
}

impl Lateness {
    pub(crate) const fn new(start: Moment) -> Self {
        Self {
            start,
            of_machine: Vec::new(),
            of_pauses: Vec::new(),
            pauses: Vec::new(),
        }
    }

    /// The service was suspended on purpose.
    pub(crate) fn pause(&mut self, from: Moment, to: Moment) {
        self.pauses.push((from, to));
        self.mark(from, to, true);
    }

    /// A canary overslept.
    pub(crate) fn add(&mut self, due: Moment, woke: Moment, of_service: bool) {
        let near = 100 * MILLISECOND;
        let mut pauses = self.pauses.iter().rev().take(4);
        let on_purpose =
            of_service && pauses.any(|(from, to)| due <= *to + near && woke + near >= *from);
        self.mark(due, woke, on_purpose);
    }

    /// Some thread of either process waited for so long for a processor.
    pub(crate) fn waited(&mut self, from: Moment, to: Moment, waited: Moment) {
        self.lose(from, to, waited, false);
    }

    fn mark(&mut self, due: Moment, woke: Moment, on_purpose: bool) {
        self.lose(due, woke, woke.saturating_sub(due), on_purpose);
    }

    /// What one thread lost in a span, several may have lost, one after the other; together no more
    /// than the span.
    fn lose(&mut self, from: Moment, to: Moment, lost: Moment, on_purpose: bool) {
        let (first, last) = (self.bucket(from), self.bucket(to));
        let buckets = if on_purpose {
            &mut self.of_pauses
        } else {
            &mut self.of_machine
        };
        if buckets.len() <= last {
            buckets.resize(last + 1, 0);
        }
        let many = Moment::try_from(last - first + 1).unwrap_or(1);
        let each = (lost * HOPS / many).min(BUCKET);
        let each = u32::try_from(each).unwrap_or(u32::MAX);
        for bucket in &mut buckets[first..=last] {
            *bucket = each.max(*bucket);
        }
    }

    /// How much of this span was lost; with that which the driver caused by suspending the service, if
    /// wanted.
    pub(crate) fn lost(&self, from: Moment, to: Moment, with_pauses: bool) -> Moment {
        self.buckets(from, to, with_pauses).sum()
    }

    /// The most that a run may have lost that was under way in this span.
    pub(crate) fn worst(&self, from: Moment, to: Moment, with_pauses: bool) -> Moment {
        let lost: Vec<_> = self.buckets(from, to, with_pauses).collect();
        let spans = lost.windows(RUN.min(lost.len()).max(1));
        spans.map(|span| span.iter().sum()).max().unwrap_or(0)
    }

    fn buckets(&self, from: Moment, to: Moment, with_pauses: bool) -> impl Iterator<Item = Moment> {
        let of = |buckets: &[u32], at: usize| buckets.get(at).copied().unwrap_or(0);
        (self.bucket(from)..=self.bucket(to)).map(move |at| {
            let pauses = if with_pauses {
                of(&self.of_pauses, at)
            } else {
                0
            };
            Moment::from(of(&self.of_machine, at).max(pauses))
        })
    }

    fn bucket(&self, moment: Moment) -> usize {
        usize::try_from(moment.saturating_sub(self.start) / BUCKET).unwrap_or(0)
    }
}
