//! Points in time, as the formats write them.

use std::time::{Duration, SystemTime};

use humantime::format_rfc3339_millis;

/// The end of the year 9999, in seconds since 1970: what comes after cannot be written.
const END: Duration = Duration::from_secs(253_402_300_799);

/// The time in UTC by RFC 3339, with milliseconds: `2023-10-27T10:30:00.000Z`. What is before 1970
/// is written as 1970.
pub(crate) fn timestamp(at: SystemTime) -> String {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    format_rfc3339_millis(SystemTime::UNIX_EPOCH + since.min(END)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_can_be_written() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(timestamp(at(1_698_402_600)), "2023-10-27T10:30:00.000Z");
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(timestamp(before), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(at(1 << 40)), "9999-12-31T23:59:59.000Z");
    }
}
