//! The beats of one worker, as a plain value: what time it is, it is told.

use std::time::Duration;

use tokio::time::Instant;

/// How often a worker beats.
pub(super) const PERIOD: Duration = Duration::from_millis(100);

/// For how long it is remembered how late a beat was.
const MEMORY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Pulse {
    last: Instant,
    /// When beats came, and how late they were: those of the last second.
    late: Vec<(Instant, Duration)>,
}

impl Pulse {
    pub(super) const fn begun(now: Instant) -> Self {
        Self {
            last: now,
            late: Vec::new(),
        }
    }

    pub(super) fn beat(&mut self, now: Instant) {
        self.late.retain(|(at, _)| !is_over(*at, now));
        self.late.push((now, self.overdue(now)));
        self.last = now;
    }

    /// When the next beat is due.
    pub(super) fn due(&self) -> Instant {
        self.last + PERIOD
    }

    /// How long the last beat is ago.
    pub(super) fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last)
    }

    /// How late the latest of the recent beats was; one that should have come by now counts.
    pub(super) fn lag(&self, now: Instant) -> Duration {
        let recent = self.late.iter().filter(|(at, _)| !is_over(*at, now));
        let worst = recent.map(|(_, late)| *late).max().unwrap_or_default();
        worst.max(self.overdue(now))
    }

    fn overdue(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.due())
    }
}

fn is_over(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) > MEMORY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_from_the_last_beat() {
        let start = Instant::now();
        let mut pulse = Pulse::begun(start);
        assert_eq!(pulse.silence(start + PERIOD), PERIOD);
        pulse.beat(start + PERIOD);
        assert_eq!(pulse.silence(start + PERIOD), Duration::ZERO);
        assert_eq!(pulse.silence(start), Duration::ZERO, "another thread's now");
    }

    #[test]
    fn lag_is_the_worst_of_the_last_second() {
        let late = Duration::from_millis(250);
        let start = Instant::now();
        let mut pulse = Pulse::begun(start);
        let mut now = start + PERIOD + late;
        pulse.beat(now);
        assert_eq!(pulse.lag(now), late);
        for _ in 0..10 {
            now += PERIOD;
            pulse.beat(now);
            assert_eq!(pulse.lag(now), late, "within the second");
        }
        now += PERIOD;
        pulse.beat(now);
        assert_eq!(pulse.lag(now), Duration::ZERO);
        assert_eq!(pulse.late.len(), 11, "it does not grow");
    }

    #[test]
    fn a_beat_that_is_overdue_is_lag_already() {
        let start = Instant::now();
        let pulse = Pulse::begun(start);
        assert_eq!(pulse.lag(start + PERIOD), Duration::ZERO);
        let late = Duration::from_secs(3);
        assert_eq!(pulse.lag(start + PERIOD + late), late);
    }
}
