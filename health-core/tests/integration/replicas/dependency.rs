//! What all instances share.

use std::time::Duration;

/// What a request costs the dependency; a check costs 1.
pub(super) const REQUEST: u32 = 20;

/// A connection attempt, or a query, is answered after this, if nothing waits.
const LATENCY: Duration = Duration::from_millis(2);

/// The time in which the world changes.
pub(super) const SLOT: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Says nothing, then takes everybody back at once.
    Outage,
    /// Says nothing, then accepts few connections a second.
    SlowRecovery,
    /// Comes and goes, and each time takes the connections with it.
    Flapping,
    /// Has not the capacity that it is asked for.
    Overload,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Up,
    Refuses,
    Silent,
}

impl Fault {
    pub(super) const ALL: [Self; 4] = [
        Self::Outage,
        Self::SlowRecovery,
        Self::Flapping,
        Self::Overload,
    ];

    /// The slots of its beginning and its end.
    pub(super) const SLOTS: (u32, u32) = (300, 600);

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::SlowRecovery => "slow recovery",
            Self::Flapping => "flapping link",
            Self::Overload => "overload",
        }
    }

    pub(super) fn link(self, slot: u32) -> Link {
        let (begin, end) = Self::SLOTS;
        if !(begin..end).contains(&slot) {
            return Link::Up;
        }
        match self {
            Self::Outage | Self::SlowRecovery => Link::Silent,
            Self::Flapping if (slot - begin) % 60 < 30 => Link::Refuses,
            Self::Flapping | Self::Overload => Link::Up,
        }
    }

    /// How many connections are accepted in a slot.
    const fn accepts(self, slot: u32) -> u32 {
        match self {
            Self::SlowRecovery if slot >= Self::SLOTS.1 => 1,
            _ => 20,
        }
    }

    /// What it can do in a slot; requests ask for 800.
    const fn capacity(self, slot: u32) -> u32 {
        match self {
            Self::Overload if slot >= Self::SLOTS.0 && slot < Self::SLOTS.1 => 480,
            _ => 1600,
        }
    }

    /// How many requests the checks may displace, of a dependency that can do no more: 20 checks a
    /// second, 30 s long, and a round of all instances at each end.
    pub(super) const fn taken_by_checks(self) -> i64 {
        match self {
            Self::Overload => ((20 * 30 + 2 * 200) / REQUEST) as i64,
            _ => 0,
        }
    }
}

pub(super) struct Dependency {
    fault: Fault,
    slot: u32,
    accepted: u32,
    /// What waits.
    backlog: u32,
}

impl Dependency {
    pub(super) const fn new(fault: Fault) -> Self {
        Self {
            fault,
            slot: 0,
            accepted: 0,
            backlog: 0,
        }
    }

    pub(super) fn begin(&mut self, slot: u32) {
        self.slot = slot;
        self.accepted = 0;
        self.backlog = self.backlog.saturating_sub(self.fault.capacity(slot));
    }

    pub(super) fn link(&self) -> Link {
        self.fault.link(self.slot)
    }

    /// Whether it accepts a connection.
    pub(super) fn connect(&mut self) -> bool {
        let accepts = self.link() == Link::Up && self.accepted < self.fault.accepts(self.slot);
        self.accepted += u32::from(accepts);
        accepts
    }

    /// How long a query takes; none if there is no point in waiting.
    pub(super) fn query(&mut self, cost: u32) -> Option<Duration> {
        let capacity = self.fault.capacity(self.slot);
        let wait = SLOT * self.backlog / capacity;
        if wait > Duration::from_secs(1) {
            return None;
        }
        self.backlog += cost;
        Some(LATENCY + wait)
    }
}
