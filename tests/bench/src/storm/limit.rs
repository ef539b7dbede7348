//! How many connections a process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that a process needs besides.
const OTHERS: u64 = 256;

/// Raises the limit of this process to what it may be, and gives how many connections that allows.
pub(crate) fn raise_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Who may not is measured with what there is.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
    let current = getrlimit(Resource::Nofile).current;
    let most = current.map_or(usize::MAX, |most| {
        usize::try_from(most.saturating_sub(OTHERS)).unwrap_or(usize::MAX)
    });
    most.max(1)
}
