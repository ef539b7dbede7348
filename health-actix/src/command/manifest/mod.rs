//! `health manifest`: what platforms and balancers have to be told, with the reason of each number.
//!
//! A target is one file: its options, and the text that it makes of them and of a service.

mod alertmanager;
mod alerts;
mod app;
mod compose;
mod container_apps;
mod grafana;
mod haproxy;
mod kubernetes;
mod nginx;
mod prometheus;
mod systemd;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::ensure_configured;
use super::output::{UNKNOWN, WELL, fail, print, warn};
use crate::HealthService;

#[derive(Args, Clone, Debug)]
pub(super) struct Manifest {
    #[command(subcommand)]
    target: Target,
}

#[derive(Clone, Debug, Subcommand)]
enum Target {
    /// A Deployment with all three probes, a Service and a disruption budget
    Kubernetes(kubernetes::Kubernetes),
    /// The template of an Azure Container App, within the limits of its probes
    ContainerApps(container_apps::ContainerApps),
    /// A Compose file with a healthcheck; Swarm takes the same
    Compose(compose::Compose),
    /// A unit that systemd starts, watches and stops
    Systemd(systemd::Systemd),
    /// A backend that asks readiness
    Haproxy(haproxy::Haproxy),
    /// An upstream and its server, which keeps details from strangers
    Nginx(nginx::Nginx),
    /// A job that scrapes the metrics
    Prometheus(prometheus::Prometheus),
    /// Alerting rules for Prometheus, whose thresholds are those of the checks
    Alerts(alerts::Alerts),
    /// Routes for the Alertmanager: who is told of which alert, and which say the same
    Alertmanager(alertmanager::Alertmanager),
    /// A dashboard over the metrics, to be imported into Grafana
    Grafana(grafana::Grafana),
}

/// What a target has made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Written {
    text: String,
    /// What whoever asked for it should know at once.
    warnings: Vec<String>,
}

impl Manifest {
    pub(super) fn execute(self, service: &HealthService) -> ExitCode {
        let valid = service.validate().map_err(|error| error.to_string());
        if let Err(error) = ensure_configured(service).and(valid) {
            return fail(&error, UNKNOWN);
        }
        match self.target.write(service) {
            Ok(written) => {
                let warnings = written.warnings.iter();
                warnings.for_each(|warning| warn(&format!("warning: {warning}")));
                print(&written.text, WELL)
            }
            Err(error) => fail(&error, UNKNOWN),
        }
    }
}

impl Target {
    /// # Errors
    /// What the target cannot say, and what to do about it.
    fn write(&self, service: &HealthService) -> Result<Written, String> {
        match self {
            Self::Kubernetes(target) => Ok(target.write(service)),
            Self::ContainerApps(target) => target.write(service),
            Self::Compose(target) => Ok(target.write(service)),
            Self::Systemd(target) => Ok(target.write(service)),
            Self::Haproxy(target) => target.write(service),
            Self::Nginx(target) => Ok(target.write(service)),
            Self::Prometheus(target) => Ok(target.write(service)),
            Self::Alerts(target) => Ok(target.write(service)),
            Self::Alertmanager(target) => Ok(target.write()),
            Self::Grafana(target) => Ok(target.write(service)),
        }
    }
}
