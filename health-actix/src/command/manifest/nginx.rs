//! `health manifest nginx`.

use std::collections::BTreeSet;

use clap::Args;
use health_core::Probe;

use super::Written;
use super::app::{App, heading, warnings};
use super::text::{comment, indented};
use super::words::{self, address};
use crate::HealthService;
use crate::command::plan::{Budget, Plan};

#[derive(Args, Clone, Debug)]
pub(super) struct Nginx {
    #[command(flatten)]
    app: App,
    /// Where an instance listens; once for each
    #[arg(long, default_value = "127.0.0.1", value_parser = words::host)]
    host: Vec<String>,
    /// Where nginx itself listens
    #[arg(long, value_name = "PORT", default_value_t = 80, value_parser = clap::value_parser!(u16).range(1..))]
    listen: u16,
    /// From where more than probes may be asked; once for each network
    #[arg(
        long, value_name = "CIDR", value_parser = words::network,
        default_values = ["127.0.0.1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
    )]
    allow: Vec<String>,
    #[command(flatten)]
    budget: Budget,
}

impl Nginx {
    pub(super) fn write(&self, service: &HealthService) -> Written {
        let plan = Plan::of(service, &self.budget);
        let text = heading("nginx")
            + &comment("For the context `http`, as a file in conf.d is.")
            + &self.upstream(&plan)
            + "\n"
            + &self.server(service, &plan);
        let warnings = warnings(service, &plan);
        Written { text, warnings }
    }

    fn upstream(&self, plan: &Plan) -> String {
        let readiness = plan.probe(Probe::Readiness);
        let (fails, window) = (readiness.failure_threshold, readiness.window_seconds());
        let servers = self.host.iter().map(|host| {
            let address = address(host, self.app.port);
            format!("server {address} max_fails={fails} fail_timeout={window}s;\n")
        });
        let why = comment(&format!(
            "nginx asks no probe by itself: it learns from requests that fail. After {fails} within \
             {window} s a server gets none for {window} s. A process that drains goes on answering, \
             and then refuses connections: such a request is tried at the next server. Run two or \
             more."
        ));
        let body = format!(
            "{}zone {} 64k;\n{}keepalive 16;\n",
            why,
            self.app.name,
            servers.collect::<String>()
        );
        format!("upstream {} {{\n{}}}\n", self.app.name, indented(4, &body))
    }

    fn server(&self, service: &HealthService, plan: &Plan) -> String {
        let mut body = format!("listen {};\n\n{PROXY}", self.listen);
        body += &format!("\n{}", self.everything(plan));
        if self.app.has_health_port() {
            body += "\n";
            body +=
                &comment("The health endpoints have a port of their own: nobody asks them here.");
        } else {
            body += &self.health(service);
        }
        format!("server {{\n{}}}\n", indented(4, &body))
    }

    /// What is guarded, and what lies in it for everybody.
    fn health(&self, service: &HealthService) -> String {
        let (public, guarded) = places(service);
        let mut body = String::new();
        let location =
            |place: &str, rules: &str| format!("\nlocation {place} {{\n{}}}\n", indented(4, rules));
        let rules = format!(
            "proxy_next_upstream off;\nproxy_pass http://{};\n",
            self.app.name
        );
        for path in &public {
            body += &location(&format!("= {path}"), &rules);
        }
        let allowed = self
            .allow
            .iter()
            .map(|network| format!("allow {network};\n"));
        let rules = format!(
            "{}{}deny all;\nproxy_pass http://{};\n",
            comment(
                "Details are for those who run the service; the probes above are for everybody. \
                 Behind another proxy these are addresses of that proxy: say set_real_ip_from and \
                 real_ip_header, or it lets everybody in."
            ),
            allowed.collect::<String>(),
            self.app.name
        );
        for place in &guarded {
            body += &location(&format!("^~ {place}"), &rules);
        }
        body
    }

    fn everything(&self, plan: &Plan) -> String {
        let (polling, readiness) = (plan.polling(), &plan.readiness);
        let plus = readiness.path.as_ref().map(|path| {
            let port = if self.app.has_health_port() {
                format!(" port={}", self.app.health_port())
            } else {
                String::new()
            };
            format!(
                "# NGINX Plus asks by itself:\n# health_check uri={path}{port} interval={} fails={} \
                 passes={};\n",
                polling.interval_seconds, polling.fall, polling.rise
            )
        });
        let body = format!(
            "{}proxy_next_upstream error timeout;\nproxy_next_upstream_tries 2;\n{}proxy_pass \
             http://{};\n",
            comment("Requests that may have been carried out, such as a POST, are not sent again."),
            plus.unwrap_or_default(),
            self.app.name
        );
        format!("location / {{\n{}}}\n", indented(4, &body))
    }
}

const PROXY: &str = "\
proxy_http_version 1.1;
proxy_set_header Connection \"\";
proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
";

/// The paths that everybody may ask though the folder they lie in is guarded, and these folders.
fn places(service: &HealthService) -> (BTreeSet<String>, BTreeSet<String>) {
    let (_, endpoints) = service.for_everybody();
    let (details, probes): (Vec<_>, Vec<_>) = endpoints
        .iter()
        .partition(|endpoint| endpoint.target.is_detail());
    let all: BTreeSet<_> = details
        .iter()
        .map(|endpoint| folder(&endpoint.path))
        .collect();
    let covered = |place: &str| {
        let mut others = all.iter().filter(|other| *other != place);
        others.any(|other| place.starts_with(other.as_str()))
    };
    let guarded: BTreeSet<_> = all
        .iter()
        .filter(|place| !covered(place))
        .cloned()
        .collect();
    let paths = probes.iter().map(|endpoint| endpoint.path.clone());
    let is_inside = |path: &String| guarded.iter().any(|place| path.starts_with(place.as_str()));
    // nginx would redirect to what is passed on with a slash at its end.
    let bare = guarded.iter().filter_map(|place| place.strip_suffix('/'));
    let public = paths.filter(is_inside).chain(bare.map(ToOwned::to_owned));
    (public.collect(), guarded)
}

/// The folder that a path lies in, without parameters; what lies at the top is a place of its own.
fn folder(path: &str) -> String {
    let fixed = path.split('{').next().unwrap_or_default();
    match fixed.rfind('/') {
        Some(end) if end > 0 => fixed[..=end].to_owned(),
        _ => fixed.to_owned(),
    }
}
