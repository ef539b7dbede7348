//! What systemd says in the environment of a process that it starts.

use std::ffi::{OsStr, OsString};
use std::io;
use std::str::FromStr;
use std::time::Duration;

use super::socket::{Address, invalid};

#[derive(Clone, Debug)]
pub(super) struct Environment {
    pub(super) address: Address,
    /// How long systemd waits for a sign of life, if it does.
    pub(super) watchdog: Option<Duration>,
}

impl Environment {
    /// None where nobody wants to be told.
    pub(super) fn read(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Option<Self>> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let Some(socket) = variable("NOTIFY_SOCKET") else {
            return Ok(None);
        };
        let address = Address::parse(&socket)?;
        let watched = variable("WATCHDOG_PID")
            .map(|pid| number::<u32>("WATCHDOG_PID", &pid, "the number of a process"))
            .transpose()?;
        let watchdog = variable("WATCHDOG_USEC")
            .filter(|_| watched.is_none_or(|pid| pid == std::process::id()))
            .map(|time| number("WATCHDOG_USEC", &time, "a number of microseconds"))
            .transpose()?;
        Ok(Some(Self {
            address,
            watchdog: watchdog.filter(|time| *time > 0).map(Duration::from_micros),
        }))
    }
}

fn number<T: FromStr>(name: &str, value: &OsStr, what: &str) -> io::Result<T> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| invalid(name, value, what))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Environment>, String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        Environment::read(variable).map_err(|error| error.to_string())
    }

    fn watchdog(variables: &[(&str, &str)]) -> Option<Duration> {
        let variables = [&[("NOTIFY_SOCKET", "/run/notify")], variables].concat();
        read(&variables).unwrap().unwrap().watchdog
    }

    #[test]
    fn nobody_is_told_where_nobody_wants_to_be() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("NOTIFY_SOCKET", "")]).unwrap().is_none());
        let other = [("WATCHDOG_USEC", "x"), ("WATCHDOG_PID", "x")];
        assert!(read(&other).unwrap().is_none());
    }

    #[test]
    fn a_watchdog_is_of_this_process_or_of_another() {
        let own = std::process::id().to_string();
        let second = Some(Duration::from_secs(1));
        let usec = ("WATCHDOG_USEC", "1000000");
        assert_eq!(watchdog(&[usec]), second);
        assert_eq!(watchdog(&[usec, ("WATCHDOG_PID", &own)]), second);
        assert_eq!(watchdog(&[usec, ("WATCHDOG_PID", "1")]), None);
        assert_eq!(watchdog(&[("WATCHDOG_PID", &own)]), None);
        assert_eq!(watchdog(&[("WATCHDOG_USEC", "0")]), None);
    }

    #[test]
    fn what_cannot_be_understood_is_an_error() {
        let socket = ("NOTIFY_SOCKET", "@notify");
        for (variables, error) in [
            (
                [("NOTIFY_SOCKET", "vsock:2:1234"), ("X", "")],
                "NOTIFY_SOCKET is `vsock:2:1234`, but has to be a path that begins with `/`, or \
                 `@` and an abstract name",
            ),
            (
                [socket, ("WATCHDOG_USEC", "-1")],
                "WATCHDOG_USEC is `-1`, but has to be a number of microseconds",
            ),
            (
                [socket, ("WATCHDOG_PID", "self")],
                "WATCHDOG_PID is `self`, but has to be the number of a process",
            ),
        ] {
            assert_eq!(read(&variables).unwrap_err(), error);
        }
    }
}
