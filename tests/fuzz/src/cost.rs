//! What something costs.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Makes sure that this takes the processor no longer, however busy the machine is otherwise.
///
/// # Panics
/// If it does.
pub(crate) fn within<T>(most: Duration, work: impl FnOnce() -> T) -> T {
    let begun = processor_time();
    let result = work();
    let took = processor_time() - begun;
    assert!(took <= most, "it took {took:?}, not at most {most:?}");
    result
}

/// Of this thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
