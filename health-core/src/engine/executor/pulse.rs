//! A timer that is always due soon while runs are started.
//!
//! A timer that is set on another thread wakes the reactor if it is the next to be due. Each run sets
//! some, those of its client among them, and hardly one of them is ever due; so without this the reactor
//! is woken several times for each run.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

/// Shorter than usual timeouts.
const BEAT: Duration = Duration::from_millis(250);

const RESTING: u8 = 0;
const BEATING: u8 = 1;
/// Beating, and runs were started since the last beat.
const WANTED: u8 = 2;

#[derive(Debug)]
pub(super) struct Pulse {
    state: AtomicU8,
    wanted: Notify,
}

impl Pulse {
    pub(super) const fn new() -> Self {
        Self {
            state: AtomicU8::new(RESTING),
            wanted: Notify::const_new(),
        }
    }

    /// Runs are started.
    pub(super) fn want(&self) {
        let is_wanted = self.state.load(Ordering::Relaxed) == WANTED;
        if !is_wanted && self.state.swap(WANTED, Ordering::Relaxed) == RESTING {
            self.wanted.notify_one();
        }
    }

    /// Beats as long as runs are started, and rests where there are none.
    pub(super) async fn beat(&self) -> Infallible {
        loop {
            self.wanted.notified().await;
            while self.state.swap(BEATING, Ordering::Relaxed) == WANTED {
                sleep(BEAT).await;
            }
            self.rest();
        }
    }

    /// Unless runs were started just now: then the next beat is wanted already.
    fn rest(&self) {
        let rests =
            self.state
                .compare_exchange(BEATING, RESTING, Ordering::Relaxed, Ordering::Relaxed);
        if rests.is_err() {
            self.wanted.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::{advance, pause};

    use super::*;

    /// Timers are due at whole milliseconds.
    const ROUNDING: Duration = Duration::from_millis(1);

    fn state(pulse: &Pulse) -> u8 {
        pulse.state.load(Ordering::Relaxed)
    }

    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn it_beats_while_runs_are_started_and_then_rests() {
        pause();
        let pulse = Arc::new(Pulse::new());
        let beating = Arc::clone(&pulse);
        tokio::spawn(async move { beating.beat().await });
        settle().await;
        assert_eq!(state(&pulse), RESTING);
        for _ in 0..2 {
            pulse.want();
            settle().await;
            assert_eq!(state(&pulse), BEATING);
            pulse.want();
            advance(BEAT + ROUNDING).await;
            settle().await;
            assert_eq!(state(&pulse), BEATING, "another beat");
            advance(BEAT + ROUNDING).await;
            settle().await;
            assert_eq!(state(&pulse), RESTING);
        }
    }
}
