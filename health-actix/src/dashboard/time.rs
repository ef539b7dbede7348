//! Times as the page reads them.

use std::time::{Duration, SystemTime};

/// Milliseconds since 1970; what is before is 1970.
pub(super) fn ms(at: SystemTime) -> u64 {
    span(
        at.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

/// In milliseconds.
pub(super) fn span(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
