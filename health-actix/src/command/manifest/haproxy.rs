//! `health manifest haproxy`.

use clap::Args;
use health_core::Probe;

use super::Written;
use super::app::{App, heading, said, warnings};
use super::text::{comment, indented};
use super::words::{self, address};
use crate::HealthService;
use crate::command::plan::{Budget, Plan};

#[derive(Args, Clone, Debug)]
pub(super) struct Haproxy {
    #[command(flatten)]
    app: App,
    /// Where an instance listens; once for each
    #[arg(long, default_value = "127.0.0.1", value_parser = words::host)]
    host: Vec<String>,
    #[command(flatten)]
    budget: Budget,
}

impl Haproxy {
    pub(super) fn write(&self, service: &HealthService) -> Result<Written, String> {
        let plan = Plan::of(service, &self.budget);
        let Some(path) = &plan.probe(Probe::Readiness).path else {
            return Err("readiness is answered nowhere, see `HealthService::dialects`".to_owned());
        };
        let mut warnings = warnings(service, &plan);
        let within = plan.polling().notices_within();
        if within > plan.drain_seconds {
            warnings.push(format!(
                "HAProxy needs {within} s to notice that a process drains, but it drains for {} s: \
                 requests will fail; give `Health::drain` and --drain at least {within} s",
                plan.drain_seconds
            ));
        }
        let body = self.asking(&plan, path) + &self.servers();
        let text = format!(
            "{}backend {}\n{}",
            heading("haproxy"),
            self.app.name,
            indented(4, &body)
        );
        Ok(Written { text, warnings })
    }

    fn asking(&self, plan: &Plan, path: &str) -> String {
        let (polling, readiness) = (plan.polling(), &plan.readiness);
        format!(
            "mode http\nbalance leastconn\ntimeout connect 5s\ntimeout server 60s\noption httpchk\n\
             http-check send meth GET uri {path} ver HTTP/1.1 hdr Host {}\nhttp-check expect status \
             200\n{}timeout check {}s\n{}default-server check{} inter {}s fall {} rise {}\n{}\
             option redispatch\nretries 2\n",
            self.app.name,
            comment(&format!(
                "Readiness answers within {}, whatever its checks do; the rest is for the way.",
                said(readiness.answers_within)
            )),
            readiness.timeout_seconds,
            comment(&format!(
                "A process that drains says so at once, and is sent nothing more after inter x fall, \
                 {} s: that must not be longer than it drains (--drain), {} s.",
                polling.notices_within(),
                plan.drain_seconds
            )),
            self.check_port(),
            polling.interval_seconds,
            polling.fall,
            polling.rise,
            comment("What cannot be connected is tried at another server."),
        )
    }

    fn check_port(&self) -> String {
        if self.app.has_health_port() {
            format!(" port {}", self.app.health_port())
        } else {
            String::new()
        }
    }

    fn servers(&self) -> String {
        let servers = self.host.iter().enumerate().map(|(number, host)| {
            let address = address(host, self.app.port);
            format!("server {}{} {address}\n", self.app.name, number + 1)
        });
        servers.collect()
    }
}
