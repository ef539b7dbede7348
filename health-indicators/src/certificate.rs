//! How long a certificate is still valid.

use std::time::{SystemTime, UNIX_EPOCH};

use health_core::Outcome;
use x509_parser::parse_x509_certificate;

use crate::failure::Failure;

/// Below how many days it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DaysLeft {
    pub(crate) degraded: u16,
    pub(crate) unhealthy: u16,
}

impl Default for DaysLeft {
    fn default() -> Self {
        Self {
            degraded: 21,
            unhealthy: 7,
        }
    }
}

impl DaysLeft {
    /// What it means that the certificate is valid for so many more days.
    pub(crate) fn judge(self, days: i64) -> Outcome {
        let below = |limit: u16| days < i64::from(limit);
        if days < 0 {
            Outcome::unhealthy(format!("certificate expired {}", ago(since(days))))
        } else if below(self.unhealthy) {
            Outcome::unhealthy(valid("certificate", days, self.unhealthy))
        } else if below(self.degraded) {
            Outcome::degraded(valid("certificate", days, self.degraded))
        } else {
            Outcome::healthy()
        }
    }

    /// The same where another certificate of the chain is valid for so many, which clients may not
    /// need.
    pub(crate) fn judge_chain(self, days: i64) -> Outcome {
        const OTHER: &str = "a certificate of the chain";
        if days < 0 {
            Outcome::degraded(format!("{OTHER} expired {}", ago(since(days))))
        } else if days < i64::from(self.degraded) {
            Outcome::degraded(valid(OTHER, days, self.degraded))
        } else {
            Outcome::healthy()
        }
    }
}

/// The second since 1970 after which a certificate in DER is not valid any more.
pub(crate) fn not_after(certificate: &[u8]) -> Result<i64, Failure> {
    let parsed = parse_x509_certificate(certificate);
    let (_, parsed) =
        parsed.map_err(|error| Failure::because("certificate not understood", error))?;
    Ok(parsed.validity().not_after.timestamp())
}

/// How many whole days are left of a certificate in DER, by the clock of the system.
pub(crate) fn days_left(certificate: &[u8]) -> Result<i64, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    Ok(days(now, not_after(certificate)?))
}

/// How many whole days are left until this second; of less than one day after it, -1.
pub(crate) fn days(now: u64, until: i64) -> i64 {
    let now = now.try_into().unwrap_or(i64::MAX);
    until.saturating_sub(now).div_euclid(24 * 60 * 60)
}

/// How many whole days ago a certificate expired that has so many left; within the last day that is
/// -1.
fn since(days: i64) -> i64 {
    days.saturating_neg().saturating_sub(1)
}

/// How long ago that was, in whole days.
pub(crate) fn ago(days: i64) -> String {
    match days {
        ..=0 => "less than a day ago".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

fn valid(what: &str, days: i64, limit: u16) -> String {
    match days {
        ..=0 => format!("{what} valid for less than a day"),
        1 => format!("{what} valid for 1 more day, less than {limit}"),
        days => format!("{what} valid for {days} more days, less than {limit}"),
    }
}

#[cfg(test)]
mod tests {
    use health_core::Status;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn until(year: i32, month: u8, day: u8) -> Vec<u8> {
        let mut params = CertificateParams::new(["a.test".to_owned()]).unwrap();
        params.not_before = date_time_ymd(1999, 1, 1);
        params.not_after = date_time_ymd(year, month, day);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn certificates_say_until_when_they_are_valid() {
        for (year, month, day) in [(2000, 2, 29), (2049, 12, 31), (2050, 1, 1), (4096, 1, 1)] {
            let expected = date_time_ymd(year, month, day).unix_timestamp();
            assert_eq!(not_after(&until(year, month, day)).unwrap(), expected);
        }
        assert!(not_after(b"no certificate").is_err());
    }

    #[test]
    fn days_are_judged_at_their_limits() {
        let told = |outcome: Outcome| (outcome.status(), outcome.message().map(str::to_owned));
        let own = |days| told(DaysLeft::default().judge(days));
        let chain = |days| told(DaysLeft::default().judge_chain(days));
        let says = |status, text: &str| (status, Some(text.to_owned()));
        use Status::{Degraded, Healthy, Unhealthy};
        assert_eq!(own(21), (Healthy, None));
        let few = "certificate valid for 20 more days, less than 21";
        assert_eq!(own(20), says(Degraded, few));
        let few = "certificate valid for 6 more days, less than 7";
        assert_eq!(own(6), says(Unhealthy, few));
        let last = "certificate valid for 1 more day, less than 7";
        assert_eq!(own(1), says(Unhealthy, last));
        assert_eq!(
            own(0),
            says(Unhealthy, "certificate valid for less than a day")
        );
        assert_eq!(
            own(-1),
            says(Unhealthy, "certificate expired less than a day ago")
        );
        assert_eq!(own(-2), says(Unhealthy, "certificate expired 1 day ago"));
        assert_eq!(own(-4), says(Unhealthy, "certificate expired 3 days ago"));
        assert_eq!(chain(21), (Healthy, None));
        let few = "a certificate of the chain valid for 3 more days, less than 21";
        assert_eq!(chain(3), says(Degraded, few));
        let over = "a certificate of the chain expired 1 day ago";
        assert_eq!(chain(-2), says(Degraded, over));
    }

    #[test]
    fn no_time_is_too_far() {
        assert!(days(0, i64::MAX) > 0);
        assert!(days(u64::MAX, i64::MIN) < 0);
        assert!(ago(since(i64::MIN)).ends_with("days ago"));
    }
}
