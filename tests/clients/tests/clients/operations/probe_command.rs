//! What the command `health` of a program says of a running service, asked as a process of its own.

use std::process::Command;
use std::time::Duration;

use health_actix::Probe;

use super::{Fact, compare};
use crate::http;
use crate::server::{LIVE, READY, Server, Situation};

/// Within which a situation has to be in effect.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn the_probe_command_says_what_is_expected() {
    let mut observed = Vec::new();
    for (probe, path) in [(Probe::Readiness, READY), (Probe::Liveness, LIVE)] {
        let server = Server::befallen(probe, Situation::Healthy);
        for situation in Situation::ALL {
            server.put_into(situation);
            wait_for(&server, path);
            let url = format!("http://{}{path}", server.address());
            let (code, line) = health(&["probe", "--url", &url, "--timeout", "10s"]);
            let says = line.replace(&format!("health probe: {url}: "), "");
            let given = format!("{probe}, {situation}");
            observed.push(Fact::new("health probe", given, format!("{code} {says}")));
        }
    }
    let (code, lines) = health(&["run", "stuck"]);
    let first = lines.lines().next().unwrap_or_default();
    let says = first
        .split_once("Timeout")
        .map_or(first, |(start, _)| &first[start.len()..]);
    let given = "a check that blocks its thread for ever";
    observed.push(Fact::new("health run", given, format!("{code} {says}")));
    compare("probe command", &observed, &[]);
}

/// Asks until what is answered is of the situation.
fn wait_for(server: &Server, path: &str) {
    while !server.is_in_effect() {
        http::get(server.address(), path, "client-tests", PATIENCE).unwrap();
    }
}

/// The exit code, and what was printed.
fn health(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_health-command"));
    let command = command.arg("health").args(arguments);
    let output = command.env_remove("HEALTH_PROBE_HEADER").output().unwrap();
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let code = output.status.code().unwrap();
    (code, printed.trim_end().to_owned())
}
