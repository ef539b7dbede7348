//! What an observer has not been told yet: bounded, whatever it does.

use std::collections::VecDeque;

use tokio::sync::Notify;

use crate::observe::{FinishedRun, Transition};
use crate::sync::{Mutex, lock};

#[derive(Clone, Debug)]
pub(crate) enum Notice {
    Run(FinishedRun),
    Transition(Transition),
}

#[derive(Debug)]
pub(crate) struct Inbox {
    room: usize,
    kept: Mutex<Kept>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    notices: VecDeque<Notice>,
    closed: bool,
    /// Whether something was lost that nobody was told of, and whether that was told ever.
    lost: bool,
    told: bool,
}

impl Inbox {
    /// With room for several results of each check.
    pub(crate) fn with_room_for(checks: usize) -> Self {
        const LEAST: usize = 1024;
        Self {
            room: LEAST.max(checks.saturating_mul(4)),
            kept: Mutex::default(),
            filled: Notify::new(),
        }
    }

    /// Adds a notice; if there is no room, another one has to go.
    pub(crate) fn put(&self, notice: Notice) {
        let mut kept = lock(&self.kept);
        if kept.notices.len() >= self.room {
            kept.lost = true;
            kept.make_room(&notice);
        }
        kept.notices.push_back(notice);
        drop(kept);
        self.filled.notify_one();
    }

    /// The next notice, as soon as there is one; none if there will be none.
    pub(crate) async fn take(&self) -> Option<Notice> {
        loop {
            {
                let mut kept = lock(&self.kept);
                let next = kept.notices.pop_front();
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
    /// The oldest run goes. Where there are transitions alone, the earlier one of the same check
    /// does, for the later says what it is now.
    fn make_room(&mut self, notice: &Notice) {
        let is_run = |notice: &Notice| matches!(notice, Notice::Run(_));
        let same = |earlier: &Notice| match (earlier, notice) {
            (Notice::Transition(earlier), Notice::Transition(later)) => {
                earlier.check.identity() == later.check.identity()
            }
            _ => false,
        };
        let goes = self.notices.iter().position(is_run);
        let goes = goes.or_else(|| self.notices.iter().position(same));
        drop(self.notices.remove(goes.unwrap_or(0)));
    }
}
