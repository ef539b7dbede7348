//! grpcurl, which asks once and tells what it was told.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::observe::drive_all;
use crate::program::{Directory, find};
use crate::server::Server;
use crate::table::{Row, Table};

/// The service that each row of the table asks for.
const ROWS: [(&str, &str); 4] = [
    ("grpcurl: Check", ""),
    ("grpcurl: Check liveness", "liveness"),
    ("grpcurl: Check readiness_database", "readiness_database"),
    (
        "grpcurl: Check check/readiness_database",
        "check/readiness_database",
    ),
];

pub(crate) const NAME: &str = "grpcurl";

pub(crate) fn run(expected: &Table) -> Option<Vec<Row>> {
    let program = find(NAME)?;
    let directory = Directory::new().unwrap();
    let protocol = include_str!("health.proto");
    directory.write("health.proto", protocol).unwrap();
    let (program, folder) = (&*program, directory.path());
    let clients = ROWS.map(|(client, service)| {
        let server = Server::start();
        let target = server.grpc();
        (client, server, move || {
            ask(program, folder, target, service)
        })
    });
    Some(drive_all(expected, clients))
}

fn ask(program: &Path, folder: &Path, target: SocketAddr, service: &str) -> String {
    let mut command = Command::new(program);
    command.arg("-plaintext").args(["-max-time", "5"]);
    command.arg("-import-path").arg(folder);
    command.args(["-proto", "health.proto", "-d"]);
    command.arg(json!({ "service": service }).to_string());
    command.args([&target.to_string(), "grpc.health.v1.Health/Check"]);
    let output = command.output().unwrap();
    let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let status = answer.as_ref().and_then(|it| it["status"].as_str());
    let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    match status {
        Some(status) => status.to_owned(),
        None if error.ends_with("connection refused") => "refused".to_owned(),
        None => error,
    }
}
