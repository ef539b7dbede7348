//! The blackbox exporter of Prometheus. It probes when it is scraped.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::http;
use crate::observe::drive_all;
use crate::program::{Directory, PATIENCE, Program, find};
use crate::server::{READY, Server};
use crate::table::{Row, Table};

/// The module that each row of the table uses.
const MODULES: [(&str, &str); 3] = [
    ("blackbox: http", "up"),
    ("blackbox: http, 200 or 503, body says ready", "ready"),
    ("blackbox: grpc", GRPC),
];

const GRPC: &str = "grpc";

const CONFIGURATION: &str = r#"
modules:
  up:
    prober: http
    timeout: 5s
  ready:
    prober: http
    timeout: 5s
    http:
      valid_status_codes: [200, 503]
      fail_if_body_not_matches_regexp: ['"status":"ready"']
  grpc:
    prober: grpc
    timeout: 5s
    grpc:
      preferred_ip_protocol: ip4
"#;

pub(crate) const NAME: &str = "prometheus-blackbox-exporter";

pub(crate) fn run(expected: &Table) -> Option<Vec<Row>> {
    let program = find(NAME)?;
    let directory = Directory::new().unwrap();
    let file = directory.write("blackbox.yml", CONFIGURATION).unwrap();
    let start = |_: &Path| {
        let mut command = Command::new(program);
        command.arg(format!("--config.file={}", file.display()));
        command.arg("--web.listen-address=127.0.0.1:0");
        command
    };
    let mut blackbox = Program::start(directory, start).unwrap();
    let address = blackbox.wait_for(|blackbox| listening_at(&blackbox.log()));
    let clients = MODULES.map(|(client, module)| {
        let server = Server::start();
        let target = match module {
            GRPC => server.grpc().to_string(),
            _ => format!("http://{}{READY}", server.address()),
        };
        (client, server, move || {
            said(&scrape(address, module, &target))
        })
    });
    Some(drive_all(expected, clients))
}

/// The address that the log tells.
pub(crate) fn listening_at(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("Listening on"))?;
    let (_, address) = line.split_once("address=")?;
    address.split(' ').next()?.parse().ok()
}

fn scrape(address: SocketAddr, module: &str, target: &str) -> String {
    let path = format!("/probe?module={module}&target={target}");
    http::get(address, &path, "client-tests", PATIENCE)
        .unwrap()
        .1
}

fn said(metrics: &str) -> String {
    let value = |name: &str| {
        let mut lines = metrics.lines().filter_map(|line| line.split_once(' '));
        lines
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    };
    let mut words = vec![value("probe_success").unwrap_or("?")];
    words.extend(value("probe_http_status_code"));
    words.extend(serving_status(metrics));
    if value("probe_failed_due_to_regex") == Some("1") {
        words.push("body");
    }
    words.join(" ")
}

/// What the prober `grpc` was told.
fn serving_status(metrics: &str) -> Option<&str> {
    let mut lines = metrics.lines().filter_map(|line| line.strip_suffix(" 1"));
    let told = lines.find_map(|line| line.strip_prefix("probe_grpc_healthcheck_response{"))?;
    told.split('"').nth(1)
}
