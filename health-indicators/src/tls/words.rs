//! What errors of rustls mean, in public words.

use std::io;

use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

use crate::certificate::{ago, days};
use crate::failure::{Failure, in_words};

/// Why a handshake failed, and how many days are left of the certificate, if that is why.
pub(super) fn failure(error: io::Error) -> (Failure, Option<i64>) {
    let found = error.get_ref().and_then(|inner| inner.downcast_ref());
    let Some(found) = found else {
        let words = in_words(&error).unwrap_or("handshake failed");
        return (Failure::because(words, error), None);
    };
    let left = match found {
        Error::InvalidCertificate(CertificateError::ExpiredContext { time, not_after }) => {
            Some(days_between(*time, *not_after))
        }
        _ => None,
    };
    (Failure::because(said(found), error), left)
}

/// What the server says against this client after the handshake, if that is why reading failed.
pub(super) fn refusal(error: io::Error) -> Option<Failure> {
    let found = error.get_ref().and_then(|inner| inner.downcast_ref());
    match found {
        Some(Error::AlertReceived(alert)) => Some(Failure::because(of_alert(*alert), error)),
        _ => None,
    }
}

fn said(error: &Error) -> String {
    let words = match error {
        Error::InvalidCertificate(error) => return of_certificate(error),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(_) => "not TLS",
        Error::PeerIncompatible(_) => "no TLS version or cipher in common",
        Error::NoApplicationProtocol => "no application protocol in common",
        Error::NoCertificatesPresented => "no certificate",
        _ => "handshake failed",
    };
    words.to_owned()
}

fn of_certificate(error: &CertificateError) -> String {
    let words = match error {
        CertificateError::ExpiredContext { time, not_after } => {
            return format!(
                "certificate expired {}",
                ago(days_between(*not_after, *time))
            );
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            return format!("certificate not valid yet, {}", more(*time, *not_before));
        }
        CertificateError::Expired => "certificate expired",
        CertificateError::NotValidYet => "certificate not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "certificate for another name"
        }
        CertificateError::UnknownIssuer => "certificate of an unknown issuer",
        CertificateError::Revoked => "certificate revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "certificate for another purpose"
        }
        _ => "certificate not accepted",
    };
    words.to_owned()
}

/// What a server says by which it ends a handshake.
fn of_alert(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => {
            "no TLS version or cipher in common"
        }
        AlertDescription::UnrecognisedName => "server name not known to the server",
        AlertDescription::CertificateRequired => "client certificate required",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA => "client certificate rejected",
        AlertDescription::AccessDenied => "permission denied",
        AlertDescription::NoApplicationProtocol => "no application protocol in common",
        _ => "handshake refused by the server",
    }
}

fn more(now: UnixTime, then: UnixTime) -> String {
    match days_between(now, then) {
        ..=0 => "for less than a day".to_owned(),
        1 => "for 1 more day".to_owned(),
        days => format!("for {days} more days"),
    }
}

/// Whole days; of less than one day before, -1.
fn days_between(from: UnixTime, to: UnixTime) -> i64 {
    days(from.as_secs(), to.as_secs().try_into().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn at(days: f64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs_f64((1000.0 + days) * DAY as f64))
    }

    #[test]
    fn days_are_whole_and_below_nothing_after_the_end() {
        let left = |now| days(at(now).as_secs(), 1000 * DAY);
        assert_eq!(left(-2.0), 2);
        assert_eq!(left(-1.5), 1);
        assert_eq!(left(-0.5), 0);
        assert_eq!(left(0.0), 0);
        assert_eq!(left(0.5), -1);
        assert_eq!(left(1.5), -2);
    }

    #[test]
    fn certificates_of_other_days_are_told_with_the_days() {
        let expired = |now| {
            of_certificate(&CertificateError::ExpiredContext {
                time: at(now),
                not_after: at(0.0),
            })
        };
        assert_eq!(expired(0.5), "certificate expired less than a day ago");
        assert_eq!(expired(1.5), "certificate expired 1 day ago");
        assert_eq!(expired(3.0), "certificate expired 3 days ago");
        let early = |now| {
            of_certificate(&CertificateError::NotValidYetContext {
                time: at(now),
                not_before: at(0.0),
            })
        };
        assert_eq!(
            early(-0.5),
            "certificate not valid yet, for less than a day"
        );
        assert_eq!(early(-1.0), "certificate not valid yet, for 1 more day");
        assert_eq!(early(-3.5), "certificate not valid yet, for 3 more days");
    }
}
