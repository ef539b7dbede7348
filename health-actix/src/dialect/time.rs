//! Points in time and spans of it, as the formats write them.

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

/// In milliseconds, with one digit after the point.
pub(crate) fn milliseconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 10_000.0).round() / 10.0
}

/// The span as .NET writes it, to the tick of 100 ns that its `TimeSpan` counts:
/// `[d.]hh:mm:ss[.fffffff]`. What is longer than the longest is as long as that.
///
/// Source: "Standard `TimeSpan` format strings" in the documentation of .NET, the constant (`c`)
/// format specifier.
pub(crate) fn time_span(span: Duration) -> String {
    let ticks = (span.as_nanos() / 100).min(LONGEST_IN_TICKS);
    let (seconds, fraction) = (ticks / 10_000_000, ticks % 10_000_000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600 % 24);
    let mut text = match seconds / 86_400 {
        0 => String::new(),
        days => format!("{days}."),
    };
    text.push_str(&format!("{hours:02}:{minutes:02}:{:02}", seconds % 60));
    if fraction > 0 {
        text.push_str(&format!(".{fraction:07}"));
    }
    text
}

/// `TimeSpan.MaxValue`.
const LONGEST_IN_TICKS: u128 = i64::MAX as u128;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads `[d.]hh:mm:ss[.fffffff]` as the documentation of .NET tells of it, into ticks: `d`
    /// "with no leading zeros", `hh` "from 00 to 23", `mm` and `ss` "to 59", `fffffff` "from
    /// 0000001 to 9999999".
    fn ticks(text: &str) -> Option<u128> {
        let digits = |text: &str, count| {
            let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u128>().ok().filter(|_| fits)
        };
        let (hours, rest) = text.split_once(':')?;
        let (minutes, seconds) = rest.split_once(':')?;
        let (days, hours) = hours.split_once('.').unwrap_or(("", hours));
        let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        let days = match days {
            "" => 0,
            days => digits(days, days.len()).filter(|_| !days.starts_with('0'))?,
        };
        let fraction = match fraction {
            "" => 0,
            fraction => digits(fraction, 7).filter(|ticks| *ticks > 0)?,
        };
        let hours = digits(hours, 2).filter(|hours| *hours < 24)?;
        let minutes = digits(minutes, 2).filter(|minutes| *minutes < 60)?;
        let seconds = digits(seconds, 2).filter(|seconds| *seconds < 60)?;
        let seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
        Some(seconds * 10_000_000 + fraction)
    }

    proptest! {
        #[test]
        fn every_span_is_read_as_it_was_written(seconds: u64, nanos in 0..1_000_000_000_u32) {
            for seconds in [seconds, seconds >> 32, seconds >> 48] {
                let span = Duration::new(seconds, nanos);
                let expected = (span.as_nanos() / 100).min(LONGEST_IN_TICKS);
                prop_assert_eq!(ticks(&time_span(span)), Some(expected));
            }
        }
    }

    #[test]
    fn spans_are_written_as_the_documentation_of_net_shows() {
        for (span, expected) in [
            (Duration::ZERO, "00:00:00"),
            (Duration::from_nanos(99), "00:00:00"),
            (Duration::from_nanos(100), "00:00:00.0000001"),
            (Duration::from_micros(12_300), "00:00:00.0123000"),
            (Duration::from_secs(30), "00:00:30"),
            (Duration::from_secs(86_399), "23:59:59"),
            (Duration::from_secs(86_400), "1.00:00:00"),
            (Duration::from_millis(321_930_500), "3.17:25:30.5000000"),
            (Duration::MAX, "10675199.02:48:05.4775807"),
        ] {
            assert_eq!(time_span(span), expected);
        }
    }

    #[test]
    fn every_time_can_be_written() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(timestamp(at(1_698_402_600)), "2023-10-27T10:30:00.000Z");
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(timestamp(before), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(at(1 << 40)), "9999-12-31T23:59:59.000Z");
    }
}
