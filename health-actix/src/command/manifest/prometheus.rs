//! `health manifest prometheus`.

use clap::Args;

use super::Written;
use super::app::{App, heading, without_metrics};
use super::text::{comment, indented};
use super::words::{self, address, yaml, yaml_list};
use crate::HealthService;

#[derive(Args, Clone, Debug)]
pub(super) struct Prometheus {
    #[command(flatten)]
    app: App,
    /// Where an instance listens; once for each
    #[arg(long, default_value = "127.0.0.1", value_parser = words::host)]
    host: Vec<String>,
    /// The file with the token that the metrics ask for
    #[arg(long, value_name = "PATH", value_parser = words::file)]
    credentials_file: Option<String>,
}

impl Prometheus {
    pub(super) fn write(&self, service: &HealthService) -> Written {
        let targets = self.host.iter();
        let targets = targets.map(|host| address(host, self.app.health_port()));
        let authorization = self
            .credentials_file
            .as_ref()
            .map(|file| format!("authorization:\n  credentials_file: {}\n", yaml(file)));
        let job = format!(
            "metrics_path: {}\n{}scrape_interval: 15s\nscrape_timeout: 10s\n{}static_configs:\n  - \
             targets: {}\n",
            service.metrics_path(),
            comment("A scrape runs no check: it is told what is known, also while that is bad."),
            authorization.unwrap_or_default(),
            yaml_list(&targets.collect::<Vec<_>>())
        );
        let mounted = comment(
            "The service needs the feature `prometheus`, and `HealthService::metrics` mounts them.",
        );
        let text = format!(
            "{}{mounted}scrape_configs:\n  - job_name: {}\n{}",
            heading("prometheus"),
            yaml(&self.app.name),
            indented(4, &job)
        );
        Written {
            text,
            warnings: without_metrics(service).into_iter().collect(),
        }
    }
}
