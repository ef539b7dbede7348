//! What came of a storm.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long answers took, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    /// How many took longer than they may.
    pub(crate) late: usize,
}

impl Times {
    fn of(mut all: Vec<Duration>, limit: Duration) -> Self {
        all.sort_unstable();
        let at = |share: f64| {
            let place = share * all.len().saturating_sub(1) as f64;
            let time = all.get(place.round() as usize);
            time.map_or(0.0, Duration::as_secs_f64)
        };
        Self {
            p50: at(0.5),
            p99: at(0.99),
            max: at(1.0),
            late: all.len() - all.partition_point(|time| *time <= limit),
        }
    }
}

/// What came of a storm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) elapsed: f64,
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// Asked, and never answered.
    pub(crate) unanswered: usize,
    /// Not asked, because the question before was not answered yet.
    pub(crate) missed: usize,
    /// How many waited for their answers at once, at most.
    pub(crate) held: usize,
    /// From just before a question was sent to when the client had read the answer.
    pub(crate) client: Times,
    /// From the same moment to when the kernel had the answer ready for the client.
    pub(crate) server: Times,
    /// Of the elapsed time, the share in which the client did not wait for anything.
    pub(crate) busy: f64,
}

impl Tally {
    pub(crate) fn answers(&self) -> usize {
        self.statuses.values().sum()
    }

    /// How many answers had another status than this.
    pub(crate) fn other_than(&self, status: u16) -> usize {
        self.answers() - self.statuses.get(&status).copied().unwrap_or_default()
    }
}

/// The tally while it is made.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) tally: Tally,
    client: Vec<Duration>,
    server: Vec<Duration>,
}

impl Count {
    pub(super) fn answer(&mut self, status: u16, client: Duration, server: Duration) {
        *self.tally.statuses.entry(status).or_default() += 1;
        self.client.push(client);
        self.server.push(server);
    }

    pub(super) fn done(self, elapsed: Duration, waited: Duration, limit: Duration) -> Tally {
        Tally {
            elapsed: elapsed.as_secs_f64(),
            client: Times::of(self.client, limit),
            server: Times::of(self.server, limit),
            busy: 1.0 - waited.as_secs_f64() / elapsed.as_secs_f64(),
            ..self.tally
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_time_is_not_late() {
        let ms = Duration::from_millis;
        let times = Times::of(vec![ms(30), ms(10), ms(20)], ms(20));
        assert_eq!((times.p50, times.max, times.late), (0.02, 0.03, 1));
        assert_eq!(Times::of(Vec::new(), ms(1)).late, 0);
    }
}
