//! How long a certificate is still valid.

use std::time::{SystemTime, UNIX_EPOCH};

use health_core::Outcome;
use x509_parser::parse_x509_certificate;

use crate::failure::Failure;

const DAY: i64 = 24 * 60 * 60;

/// Below how many days it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DaysLeft {
    pub(crate) degraded: u32,
    pub(crate) unhealthy: u32,
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
        let below = |limit: u32| days < i64::from(limit);
        let words = |limit: u32| {
            let more = plural(days, "more day");
            format!("certificate is valid for {more}, less than {limit}")
        };
        if days < 0 {
            Outcome::unhealthy(expired(days))
        } else if below(self.unhealthy) {
            Outcome::unhealthy(words(self.unhealthy))
        } else if below(self.degraded) {
            Outcome::degraded(words(self.degraded))
        } else {
            Outcome::healthy()
        }
    }
}

/// The whole days until a certificate in DER ends to be valid; negative if that is over.
pub(crate) fn days_left(certificate: &[u8]) -> Result<i64, Failure> {
    let parsed = parse_x509_certificate(certificate);
    let (_, parsed) =
        parsed.map_err(|error| Failure::because("the certificate cannot be read", error))?;
    Ok(days_until(parsed.validity().not_after.timestamp()))
}

/// The whole days until this second since 1970.
pub(crate) fn days_until(end: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    end.saturating_sub(now).div_euclid(DAY)
}

/// What is said of a certificate that was valid until so many days ago.
pub(crate) fn expired(days: i64) -> String {
    // What ended within the last day is at -1.
    match days.saturating_neg().saturating_sub(1) {
        ..=0 => "certificate expired today".to_owned(),
        ago => format!("certificate expired {} ago", plural(ago, "day")),
    }
}

fn plural(number: i64, what: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {what}{end}")
}

#[cfg(test)]
mod tests {
    use health_core::Status;

    use super::*;

    #[test]
    fn days_are_judged_at_their_limits() {
        let told = |days| {
            let outcome = DaysLeft::default().judge(days);
            (outcome.status(), outcome.message().map(str::to_owned))
        };
        let says = |text: &str| Some(text.to_owned());
        use Status::{Degraded, Healthy, Unhealthy};
        assert_eq!(told(21), (Healthy, None));
        let few = says("certificate is valid for 20 more days, less than 21");
        assert_eq!(told(20), (Degraded, few));
        let few = says("certificate is valid for 6 more days, less than 7");
        assert_eq!(told(6), (Unhealthy, few));
        let last = says("certificate is valid for 1 more day, less than 7");
        assert_eq!(told(1), (Unhealthy, last));
        assert_eq!(told(-1), (Unhealthy, says("certificate expired today")));
        assert_eq!(told(-2), (Unhealthy, says("certificate expired 1 day ago")));
        assert_eq!(
            told(-4),
            (Unhealthy, says("certificate expired 3 days ago"))
        );
    }

    #[test]
    fn no_time_is_too_far() {
        assert!(days_until(i64::MAX) > 0);
        assert!(days_until(i64::MIN) < 0);
        assert!(expired(i64::MIN).ends_with("days ago"));
        assert!(days_left(b"no certificate").is_err());
    }
}
