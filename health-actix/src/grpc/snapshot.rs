//! What is known of all services at one moment.

use std::collections::BTreeMap;

use health_core::{Caller, Entry, Health, Probe, Report, Status};
use tokio::time::Instant;
use tonic_health::pb::health_check_response::ServingStatus;

use super::subject::{Subject, is_out_of_service, service_of, steers_traffic};
use crate::access::Level;
use crate::dialect::view::may_know;

/// What is known of all services at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) taken: Instant,
    /// The last thing that had happened by then.
    pub(super) last_event: u64,
    verdicts: [(Probe, Status); Probe::ALL.len()],
    checks: BTreeMap<String, Known>,
    is_out_of_service: bool,
}

#[derive(Debug)]
struct Known {
    status: Status,
    steers_traffic: bool,
}

impl Snapshot {
    /// What callers at this level may know; `last_event` was looked up before.
    pub(super) fn take(health: &Health, level: Level, last_event: u64) -> Self {
        let taken = Instant::now();
        let is_out_of_service = is_out_of_service(health);
        let glance = health.glance(Caller::nobody());
        let verdict = |probe| {
            let mut reports = glance.probes().map(|(report, _)| report);
            let report = reports.find(|report| report.probe() == probe);
            (probe, report.map_or(Status::Unhealthy, Report::status))
        };
        let entries = glance.overview().entries().iter();
        let entries = entries.filter(|entry| may_know(entry.check(), level));
        let known = |entry: &Entry| Known {
            status: entry.status(),
            steers_traffic: steers_traffic(entry.check()),
        };
        Self {
            taken,
            last_event,
            verdicts: Probe::ALL.map(verdict),
            checks: entries
                .map(|entry| (entry.name().to_owned(), known(entry)))
                .collect(),
            is_out_of_service,
        }
    }

    pub(super) fn status(&self, subject: &Subject) -> ServingStatus {
        self.status_while(self.is_out_of_service, subject)
    }

    /// The same where the server is about to stop, and requests are to be sent elsewhere.
    pub(super) fn last_status(&self, subject: &Subject) -> ServingStatus {
        match subject {
            Subject::Probe(Probe::Readiness) => ServingStatus::NotServing,
            _ => self.status_while(true, subject),
        }
    }

    fn status_while(&self, is_out_of_service: bool, subject: &Subject) -> ServingStatus {
        let status = match subject {
            Subject::Probe(probe) => {
                let mut verdicts = self.verdicts.iter();
                let verdict = verdicts.find(|(known, _)| known == probe);
                verdict.map(|(_, status)| *status)
            }
            Subject::Check { name, is_own } => self.checks.get(name).map(|known| {
                if is_out_of_service && known.steers_traffic && !is_own {
                    Status::Unhealthy
                } else {
                    known.status
                }
            }),
        };
        status.map_or(ServingStatus::ServiceUnknown, serving)
    }

    /// How many services there are.
    pub(super) fn len(&self) -> usize {
        1 + self.verdicts.len() + self.checks.len()
    }

    /// Each service once, by its name.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, ServingStatus)> {
        let probes = self.verdicts.iter().map(|(probe, _)| probe.as_str());
        let checks = self.checks.keys().map(|name| service_of(name));
        let names = [String::new()].into_iter();
        let names = names.chain(probes.map(str::to_owned)).chain(checks);
        names.map(|name| {
            let status = self.status(&Subject::of(&name));
            (name, status)
        })
    }
}

/// What a status is called here: who is degraded serves.
pub(super) const fn serving(status: Status) -> ServingStatus {
    if status.is_passing() {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}
