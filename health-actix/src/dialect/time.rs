//! Points in time and spans of it, as the formats write them.

use std::fmt;
use std::io::Write;
use std::time::{Duration, SystemTime};

use humantime::format_rfc3339_millis;
use serde::{Serialize, Serializer};

/// The end of the year 9999, in seconds since 1970: what comes after cannot be written.
const END: Duration = Duration::from_secs(253_402_300_799);

/// The time in UTC by RFC 3339, with milliseconds: `2023-10-27T10:30:00.000Z`. What is before 1970
/// is written as 1970.
pub(crate) fn timestamp(at: SystemTime) -> Timestamp {
    Timestamps::default().of(at)
}

/// Points in time, of which many are in the same second: what a report tells of was mostly found at
/// once.
#[derive(Debug)]
pub(crate) struct Timestamps {
    second: u64,
    last: Timestamp,
}

impl Default for Timestamps {
    fn default() -> Self {
        Self {
            second: 0,
            last: Timestamp(*b"1970-01-01T00:00:00.000Z"),
        }
    }
}

impl Timestamps {
    /// As [`timestamp`].
    pub(crate) fn of(&mut self, at: SystemTime) -> Timestamp {
        let since = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .min(END);
        let second = since.as_secs();
        let Timestamp(text) = &mut self.last;
        if second != self.second {
            let whole = format_rfc3339_millis(SystemTime::UNIX_EPOCH + since);
            // It is as long as the text that it takes the place of.
            let _ = write!(text.as_mut_slice(), "{whole}");
            self.second = second;
        }
        put(&mut text[20..23], since.subsec_millis().into());
        self.last
    }
}

/// A point in time as a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamp([u8; 24]);

impl Timestamp {
    /// In ASCII.
    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
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
pub(crate) fn time_span(span: Duration) -> TimeSpan {
    let ticks = span.as_secs().saturating_mul(TICKS_PER_SECOND);
    let ticks = ticks.saturating_add(u64::from(span.subsec_nanos()) / 100);
    let ticks = ticks.min(LONGEST_IN_TICKS);
    let (seconds, fraction) = (ticks / TICKS_PER_SECOND, ticks % TICKS_PER_SECOND);
    let days = seconds / 86_400;
    let mut text = *b"00000000.00:00:00.0000000";
    put(&mut text[9..11], seconds / 3600 % 24);
    put(&mut text[12..14], seconds / 60 % 60);
    put(&mut text[15..17], seconds % 60);
    put(&mut text[18..], fraction);
    let begin = if days == 0 {
        9
    } else {
        put(&mut text[..8], days);
        text.iter().take_while(|digit| **digit == b'0').count()
    };
    let end = if fraction == 0 { 17 } else { text.len() };
    TimeSpan { text, begin, end }
}

/// A span of time as a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeSpan {
    text: [u8; 25],
    begin: usize,
    end: usize,
}

impl TimeSpan {
    /// In ASCII.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[self.begin..self.end]
    }
}

/// Writes a number with as many digits as there is room for.
fn put(room: &mut [u8], mut number: u64) {
    for digit in room.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

const TICKS_PER_SECOND: u64 = 10_000_000;

/// `TimeSpan.MaxValue`.
const LONGEST_IN_TICKS: u64 = i64::MAX as u64;

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

    fn written(span: Duration) -> String {
        String::from_utf8_lossy(time_span(span).as_bytes()).into_owned()
    }

    proptest! {
        #[test]
        fn every_span_is_read_as_it_was_written(seconds: u64, nanos in 0..1_000_000_000_u32) {
            for seconds in [seconds, seconds >> 32, seconds >> 48] {
                let span = Duration::new(seconds, nanos);
                let expected = (span.as_nanos() / 100).min(LONGEST_IN_TICKS.into());
                prop_assert_eq!(ticks(&written(span)), Some(expected));
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
            assert_eq!(written(span), expected);
        }
    }

    proptest! {
        #[test]
        fn times_are_written_as_if_each_were_the_first(
            begin in 0..END.as_secs(),
            millis in prop::collection::vec(0..4000_u64, 0..20),
        ) {
            let mut timestamps = Timestamps::default();
            for millis in millis {
                let since = Duration::from_secs(begin) + Duration::from_millis(millis);
                let at = SystemTime::UNIX_EPOCH + since.min(END);
                let expected = format_rfc3339_millis(at).to_string();
                prop_assert_eq!(timestamps.of(at).to_string(), expected);
            }
        }
    }

    #[test]
    fn every_time_can_be_written() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let written = |seconds| timestamp(at(seconds)).to_string();
        assert_eq!(written(1_698_402_600), "2023-10-27T10:30:00.000Z");
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(timestamp(before).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(written(1 << 40), "9999-12-31T23:59:59.000Z");
    }
}
