//! Envoy, whose admin is asked what it thinks of its hosts.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::http;
use crate::observe::drive_all;
use crate::program::{Directory, PATIENCE, Program, find};
use crate::server::Server;
use crate::table::{Row, Table};

/// What each row of the table checks.
const ROWS: [(&str, &str); 3] = [
    ("envoy: http_health_check", HTTP),
    ("envoy: http_health_check, envoy_degraded(true)", HTTP),
    ("envoy: grpc_health_check", GRPC),
];

const HTTP: &str = "http_health_check: { path: /health/ready }";

const GRPC: &str = "grpc_health_check: {}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: { http2_protocol_options: {} }";

const ADMIN: &str = "
admin:
  address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
static_resources:
  clusters:
";

pub(crate) const NAME: &str = "envoy";

pub(crate) fn run(expected: &Table) -> Option<Vec<Row>> {
    let program = find(NAME)?;
    let servers = [Server::start(), Server::envoy_degraded(), Server::start()];
    let directory = Directory::new().unwrap();
    let file = directory
        .write("envoy.yaml", &configuration(&servers))
        .unwrap();
    let start = |directory: &Path| {
        let mut command = Command::new(program);
        command.arg("--config-path").arg(file);
        command.args(["--disable-hot-restart", "--concurrency", "1"]);
        command.args(["--log-level", "warning", "--admin-address-path"]);
        command.arg(directory.join("admin"));
        command
    };
    let mut envoy = Program::start(directory, start).unwrap();
    let admin = envoy.wait_for(|envoy| {
        let address = fs::read_to_string(envoy.path().join("admin")).ok()?;
        let address = address.parse().ok()?;
        hosts(address).is_some().then_some(address)
    });
    let clients = servers.into_iter().zip(ROWS).enumerate();
    let clients = clients.map(|(number, (server, (client, _)))| {
        let look = move || said(&hosts(admin).unwrap(), number);
        (client, server, look)
    });
    Some(drive_all(expected, clients))
}

/// A cluster that nobody uses is checked at `no_traffic_interval`.
fn configuration(servers: &[Server]) -> String {
    let mut text = ADMIN.to_owned();
    for (number, (server, (_, check))) in servers.iter().zip(ROWS).enumerate() {
        let address = if check == GRPC {
            server.grpc()
        } else {
            server.address()
        };
        let port = address.port();
        let _ = write!(
            text,
            "
  - name: c{number}
    type: STATIC
    connect_timeout: 5s
    load_assignment:
      cluster_name: c{number}
      endpoints:
      - lb_endpoints:
        - endpoint:
            address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    health_checks:
    - timeout: 5s
      interval: 0.1s
      no_traffic_interval: 0.1s
      unhealthy_threshold: 2
      healthy_threshold: 2
      {check}
"
        );
    }
    text
}

/// What the admin says of all hosts.
fn hosts(admin: SocketAddr) -> Option<Value> {
    let answer = http::get(admin, "/clusters?format=json", "client-tests", PATIENCE);
    serde_json::from_str(&answer.ok()?.1).ok()
}

/// What is said of the host of a cluster.
fn said(hosts: &Value, cluster: usize) -> String {
    let name = format!("c{cluster}");
    let clusters = hosts["cluster_statuses"].as_array();
    let mut clusters = clusters.into_iter().flatten();
    let cluster = clusters.find(|known| known["name"] == name.as_str());
    let cluster = cluster.expect("each cluster has a host");
    let health = &cluster["host_statuses"][0]["health_status"];
    let is = |flag: &str| health[flag] == true;
    let word = match () {
        () if is("failed_active_health_check") && is("active_hc_timeout") => "UNHEALTHY timeout",
        () if is("failed_active_health_check") => "UNHEALTHY",
        () if is("failed_active_degraded_check") => "DEGRADED",
        () if health["eds_health_status"] == "HEALTHY" => "HEALTHY",
        () => return health.to_string(),
    };
    word.to_owned()
}
