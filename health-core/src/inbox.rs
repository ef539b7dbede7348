//! What an observer has not been told yet: bounded, whatever it does.

use std::collections::VecDeque;

use tokio::sync::Notify;

use crate::notice::Notice;
use crate::sync::{Mutex, lock};

/// Room for what is told of children: they do not take that of their checks.
const ROOM_FOR_CHILDREN: usize = 4096;

#[derive(Debug)]
pub(crate) struct Inbox {
    kept: Mutex<Kept>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    room: usize,
    notices: VecDeque<Notice>,
    of_children: usize,
    closed: bool,
    /// Whether something was lost that nobody was told of, and whether that was told ever.
    lost: bool,
    told: bool,
}

impl Inbox {
    /// With room for several results of each check.
    pub(crate) fn with_room_for(checks: usize) -> Self {
        let inbox = Self {
            kept: Mutex::default(),
            filled: Notify::new(),
        };
        inbox.make_room_for(checks);
        inbox
    }

    /// Makes room for several results of each check, if there are more than before.
    pub(crate) fn make_room_for(&self, checks: usize) {
        const LEAST: usize = 1024;
        let mut kept = lock(&self.kept);
        kept.room = kept.room.max(LEAST).max(checks.saturating_mul(4));
    }

    /// Adds a notice; if there is no room, one has to go, and is returned: the last that knows of a
    /// check has the user's code in its `Drop`.
    #[must_use]
    pub(crate) fn put(&self, notice: Notice) -> Option<Notice> {
        let gone = lock(&self.kept).put(notice);
        self.filled.notify_one();
        gone
    }

    /// The next notice, as soon as there is one; none if there will be none.
    pub(crate) async fn take(&self) -> Option<Notice> {
        loop {
            {
                let mut kept = lock(&self.kept);
                let next = kept.remove(0);
                if next.is_some() || kept.closed {
                    return next;
                }
            }
            self.filled.notified().await;
        }
    }

    /// Whether something was lost; said once.
    pub(crate) fn has_lost(&self) -> bool {
        let mut kept = lock(&self.kept);
        let says = kept.lost && !kept.told;
        kept.told |= says;
        says
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        lock(&self.kept).closed = true;
        self.filled.notify_one();
    }
}

impl Kept {
    fn put(&mut self, notice: Notice) -> Option<Notice> {
        let mut gone = None;
        if self.is_full_for(&notice) {
            self.lost = true;
            let Some(goes) = self.least_missed(&notice) else {
                return Some(notice);
            };
            gone = self.remove(goes);
        }
        self.of_children += usize::from(notice.is_of_child());
        self.notices.push_back(notice);
        gone
    }

    fn is_full_for(&self, notice: &Notice) -> bool {
        if notice.is_of_child() {
            self.of_children >= ROOM_FOR_CHILDREN
        } else {
            self.notices.len() - self.of_children >= self.room
        }
    }

    /// The oldest run. Where there are transitions alone, the earlier one of the same, for the
    /// later says what it is now; none where the notice itself is a run.
    fn least_missed(&self, notice: &Notice) -> Option<usize> {
        let of_child = notice.is_of_child();
        let is_run = |notice: &Notice| !of_child && matches!(notice, Notice::Run(_));
        let same = |earlier: &Notice| match (earlier, notice) {
            (Notice::Transition(earlier), Notice::Transition(later)) => {
                earlier.concerns_the_same(later)
            }
            _ => false,
        };
        let alike = |earlier: &Notice| earlier.is_of_child() == of_child;
        let goes = self.notices.iter().position(is_run);
        if goes.is_some() || matches!(notice, Notice::Run(_)) {
            return goes;
        }
        let goes = self.notices.iter().position(same);
        goes.or_else(|| self.notices.iter().position(alike))
    }

    fn remove(&mut self, place: usize) -> Option<Notice> {
        let removed = self.notices.remove(place)?;
        self.of_children -= usize::from(removed.is_of_child());
        Some(removed)
    }
}
