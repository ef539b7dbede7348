//! From the name of a service to what it is about.

use health_core::{Check, Health, Probe};

/// What stands before the name of a check whose own status is asked for.
const OWN: &str = "check/";

/// What a service is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Probe(Probe),
    Check {
        name: String,
        /// Whether its own status is asked for, whatever the lifecycle.
        is_own: bool,
    },
}

impl Subject {
    /// A probe goes before a check of the same name.
    pub(super) fn of(service: &str) -> Self {
        if service.is_empty() {
            return Self::Probe(Probe::Readiness);
        }
        let own = service.strip_prefix(OWN);
        Probe::named(service).map_or_else(
            || Self::Check {
                name: own.unwrap_or(service).to_owned(),
                is_own: own.is_some(),
            },
            Self::Probe,
        )
    }
}

/// The name of the service that a check is, unless it has that of a probe.
pub(super) fn service_of(check: &str) -> String {
    match Probe::named(check) {
        Some(_) => format!("{OWN}{check}"),
        None => check.to_owned(),
    }
}

/// Whether a check says where requests are sent: so it fails while none are to come. One that serves
/// liveness has processes restarted, and does not.
pub(super) fn steers_traffic(check: &Check) -> bool {
    let probes = check.probes();
    probes.contains(Probe::Readiness) && !probes.contains(Probe::Liveness)
}

/// Whether requests are to be sent elsewhere because somebody said so.
pub(super) fn is_out_of_service(health: &Health) -> bool {
    health.is_draining() || health.maintenance().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, is_own: bool) -> Subject {
        let name = name.to_owned();
        Subject::Check { name, is_own }
    }

    #[test]
    fn a_probe_goes_before_a_check_of_its_name() {
        let ready = Subject::Probe(Probe::Readiness);
        for (service, subject) in [
            ("", ready.clone()),
            ("readiness", ready),
            ("liveness", Subject::Probe(Probe::Liveness)),
            ("startup", Subject::Probe(Probe::Startup)),
            ("Readiness", check("Readiness", false)),
            ("database", check("database", false)),
            ("check/database", check("database", true)),
            ("check/liveness", check("liveness", true)),
            ("check/check/x", check("check/x", true)),
            ("check/", check("", true)),
            ("check", check("check", false)),
        ] {
            assert_eq!(Subject::of(service), subject, "{service}");
        }
        for name in ["database", "liveness", "check"] {
            let named = Subject::of(&service_of(name));
            assert_eq!(named, check(name, name == "liveness"), "{name}");
        }
    }
}
