//! The load and the server on cores of their own, where there are several.

use std::ops::Range;
use std::thread::available_parallelism;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Which half of the cores something runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Server,
    Load,
}

/// Keeps this thread, and those that it starts, on its half of the cores. With one core it is not pinned.
pub(crate) fn pin(half: Half) {
    let cores = available_parallelism().map_or(1, usize::from);
    if cores < 2 {
        return;
    }
    allow(match half {
        Half::Server => 0..cores / 2,
        Half::Load => cores / 2..cores,
    });
}

/// Lets this thread, and those that it starts, run on all cores: where several processes serve one
/// request, there is no half for each.
pub(crate) fn unpin() {
    // More than there are do no harm, and those that this thread may use now are but a half.
    allow(0..CpuSet::MAX_CPU);
}

fn allow(cores: Range<usize>) {
    let mut set = CpuSet::new();
    cores.for_each(|core| set.set(core));
    // A machine that does not let it is measured as it is.
    let _ = sched_setaffinity(None, &set);
}
