//! One clock for both processes.

use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Microseconds of the machine's monotonic clock, which all its processes share.
pub(crate) type Moment = u64;

pub(crate) const MILLISECOND: Moment = 1000;
pub(crate) const SECOND: Moment = 1_000_000;

pub(crate) fn now() -> Moment {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * SECOND + u64::try_from(now.tv_nsec).unwrap_or(0) / 1000
}

/// How often a canary looks.
const PERIOD: Duration = Duration::from_millis(2);
/// Less than this is not told.
const NOTABLE: Moment = 2 * MILLISECOND;

/// A second canary for what begins on a new thread: it starts one that does nothing, again and again.
pub(crate) fn spawning_canary(mut tell: impl FnMut(Moment, Moment) + Send + 'static) {
    thread::spawn(move || {
        loop {
            let asked = now();
            let began = thread::spawn(now).join().unwrap_or_else(|_| now());
            let back = now().max(began);
            if back > asked + NOTABLE {
                tell(asked, back);
            }
            thread::sleep(10 * PERIOD);
        }
    });
}

/// A thread that does nothing but sleep, and tells when it was woken late: so late is the machine itself,
/// or the process was suspended. `tell` gets the start and the end of what it overslept; it ends when that
/// is false.
pub(crate) fn canary(mut tell: impl FnMut(Moment, Moment) -> bool + Send + 'static) {
    thread::spawn(move || {
        loop {
            let due = now() + PERIOD.as_micros() as Moment;
            thread::sleep(PERIOD);
            let woke = now();
            if woke > due + NOTABLE && !tell(due, woke) {
                return;
            }
        }
    });
}
