//! What was so, and when.

use crate::clock::Moment;

pub(crate) const NEVER: Moment = Moment::MAX;

/// A change that happened at some moment between these two.
#[derive(Clone, Debug)]
pub(crate) struct Change<T> {
    pub(crate) sent: Moment,
    pub(crate) done: Moment,
    pub(crate) to: T,
}

#[derive(Debug)]
pub(crate) struct Timeline<T> {
    changes: Vec<Change<T>>,
}

impl<T> Timeline<T> {
    pub(crate) fn new(at_first: T) -> Self {
        Self {
            changes: vec![Change {
                sent: 0,
                done: 0,
                to: at_first,
            }],
        }
    }

    /// A change begins; the number that it is known by.
    pub(crate) fn begin(&mut self, sent: Moment, to: T) -> usize {
        let done = NEVER;
        self.changes.push(Change { sent, done, to });
        self.changes.len() - 1
    }

    pub(crate) fn end(&mut self, change: usize, done: Moment) {
        if let Some(change) = self.changes.get_mut(change) {
            change.done = done;
        }
    }

    /// The changes that a moment may still be about, the oldest first.
    pub(crate) fn recent(&self, most: usize) -> &[Change<T>] {
        &self.changes[self.changes.len().saturating_sub(most)..]
    }

    /// What may have been so at some moment of this span.
    pub(crate) fn possible(&self, from: Moment, to: Moment) -> impl Iterator<Item = &T> {
        let ends = self.changes[1..].iter().map(|next| next.done);
        let ends = ends.chain(std::iter::once(NEVER));
        let all = self.changes.iter().zip(ends);
        all.filter(move |(change, end)| change.sent <= to && *end >= from)
            .map(|(change, _)| &change.to)
    }
}

impl Timeline<bool> {
    pub(crate) fn may_be(&self, value: bool, from: Moment, to: Moment) -> bool {
        self.possible(from, to).any(|possible| *possible == value)
    }
}
