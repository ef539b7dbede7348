//! Whether a server is a primary or a replica, and how far that is behind.

use std::time::Duration;

use super::{Row, version_alone};
use crate::failure::Failure;
use crate::measured::Measured;

/// What a server has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Primary,
    /// Behind at most so much.
    Replica(Duration),
}

/// What a server is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) version: Option<String>,
    replica: Option<Replica>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Replica {
    /// Whether it is connected with what it replicates.
    receives: bool,
    /// How far it is behind, in seconds, as far as it can know.
    behind: Option<f64>,
}

/// The age of what was replayed last says how far a replica is behind only if there is more to
/// replay: the primary may simply have been idle since. And only while it is connected does it know
/// that there is no more.
///
/// `pg_stat_wal_receiver` hides its columns from most users, but not whether there is a row. After
/// a restart a replica may have replayed what it has not received anew yet.
pub(super) const QUESTION: &str = "\
    SELECT current_setting('server_version'), pg_is_in_recovery()::text, receives::text, \
    CASE WHEN receives AND pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn() THEN 0 \
    ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::text \
    FROM (SELECT EXISTS (SELECT FROM pg_stat_wal_receiver) AS receives) AS receiver";

impl Found {
    /// What the row says that answers [`QUESTION`].
    pub(super) fn read(row: &Row) -> Result<Self, Failure> {
        let unexpected = || Failure::new("unexpected answer");
        let [version, recovers, receives, behind] = &row[..] else {
            return Err(unexpected());
        };
        let flag = |text: &Option<String>| text.as_deref()?.parse::<bool>().ok();
        let receives = flag(receives).ok_or_else(unexpected)?;
        let behind = behind.as_deref().map(str::parse::<f64>).transpose();
        // Clocks may differ, and a replica is never ahead.
        let behind = behind.map_err(|_| unexpected())?.map(|b| b.max(0.0));
        let replica = Replica { receives, behind };
        Ok(Self {
            version: version.as_deref().and_then(version_alone).map(Into::into),
            replica: flag(recovers).ok_or_else(unexpected)?.then_some(replica),
        })
    }

    pub(super) fn measure(&self, measured: &mut Measured) {
        let Some(replica) = self.replica else {
            measured.add("role", "primary");
            return;
        };
        measured.add("role", "replica");
        measured.add("receives", replica.receives);
        if let Some(behind) = replica.behind {
            measured.add("lag_seconds", (behind * 1000.0).round() / 1000.0);
        }
    }
}

impl Role {
    /// Whether it is as it has to be.
    pub(super) fn judge(self, found: &Found) -> Result<(), Failure> {
        match (self, found.replica) {
            (Self::Primary, None) => Ok(()),
            (Self::Primary, Some(_)) => Err(Failure::new("expected a primary, found a replica")),
            (Self::Replica(_), None) => Err(Failure::new("expected a replica, found a primary")),
            (Self::Replica(most), Some(replica)) => replica.within(most.as_secs_f64()),
        }
    }

    /// Whether asking once more may give another answer: where the primary was idle for long, all
    /// of that time passes for lag until its next change is replayed, a moment later.
    pub(super) fn may_change(self, found: &Found) -> bool {
        let lags = |replica: Replica| replica.receives && replica.behind.is_some();
        matches!(self, Self::Replica(_)) && found.replica.is_some_and(lags)
    }
}

impl Replica {
    fn within(self, most: f64) -> Result<(), Failure> {
        let message = match (self.behind, self.receives) {
            (Some(behind), _) if behind <= most => return Ok(()),
            (Some(behind), true) => format!(
                "replica is {} behind, more than {} allowed",
                spelled(behind),
                spelled(most)
            ),
            (Some(behind), false) => format!(
                "replica receives nothing from its primary, and its last change is {} old, more than {} \
                 allowed",
                spelled(behind),
                spelled(most)
            ),
            (None, true) => "replica has replayed nothing yet".to_owned(),
            (None, false) => "replica receives nothing from its primary".to_owned(),
        };
        Err(Failure::new(message))
    }
}

/// Seconds, rounded up; below ten to one place.
fn spelled(seconds: f64) -> String {
    match seconds {
        ..10.0 => format!("{} s", (seconds * 10.0).ceil() / 10.0),
        _ => format!("{} s", seconds.ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: [Option<&str>; 4]) -> Row {
        columns.map(|c| c.map(ToOwned::to_owned)).to_vec()
    }

    fn judged(role: Role, recovers: &str, receives: &str, behind: Option<&str>) -> String {
        let row = row([Some("15.4 (x)"), Some(recovers), Some(receives), behind]);
        let found = Found::read(&row).expect("such a row is expected");
        assert_eq!(found.version.as_deref(), Some("15.4"));
        let judged = role.judge(&found);
        judged.map_or_else(|f| f.to_string(), |()| "healthy".to_owned())
    }

    #[test]
    fn each_role_accepts_what_it_means() {
        let replica = Role::Replica(Duration::from_secs(10));
        for (role, recovers, receives, behind, expected) in [
            (Role::Primary, "false", "false", None, "healthy"),
            (
                Role::Primary,
                "true",
                "true",
                Some("0"),
                "expected a primary, found a replica",
            ),
            (
                replica,
                "false",
                "false",
                None,
                "expected a replica, found a primary",
            ),
            (replica, "true", "true", Some("0"), "healthy"),
            (replica, "true", "true", Some("-0.3"), "healthy"),
            (replica, "true", "true", Some("10.000000"), "healthy"),
            (replica, "true", "false", Some("3.1"), "healthy"),
            (
                replica,
                "true",
                "true",
                Some("41.2"),
                "replica is 42 s behind, more than 10 s allowed",
            ),
            (
                replica,
                "true",
                "false",
                Some("41.2"),
                "replica receives nothing from its primary, and its last change is 42 s old, more than \
                 10 s allowed",
            ),
            (
                replica,
                "true",
                "false",
                None,
                "replica receives nothing from its primary",
            ),
            (
                replica,
                "true",
                "true",
                None,
                "replica has replayed nothing yet",
            ),
        ] {
            assert_eq!(judged(role, recovers, receives, behind), expected);
        }
    }

    #[test]
    fn other_rows_are_unexpected() {
        for row in [
            Vec::new(),
            row([None, None, None, None]),
            row([Some("15"), Some("maybe"), Some("true"), None]),
            row([Some("15"), Some("true"), Some("true"), Some("long")]),
        ] {
            let failure = Found::read(&row).expect_err("such a row is unexpected");
            assert_eq!(failure.to_string(), "unexpected answer");
        }
    }

    #[test]
    fn seconds_are_rounded_up() {
        for (seconds, expected) in [
            (0.5, "0.5 s"),
            (0.51, "0.6 s"),
            (9.0, "9 s"),
            (10.2, "11 s"),
        ] {
            assert_eq!(spelled(seconds), expected);
        }
    }
}
