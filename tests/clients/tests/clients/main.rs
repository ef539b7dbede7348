//! Clients of health endpoints, driven through what can befall a service: see `expected.md`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod blackbox;
mod envoy;
mod grpcurl;
mod haproxy;
mod http;
mod kubelet;
mod observe;
#[allow(dead_code, reason = "each tool has a module of its own")]
mod operations;
mod program;
mod python;
mod server;
mod table;

use std::io::{self, Write};
use std::thread;

use crate::table::{Row, Table};

/// What observes a client: `None` if its program is not there.
type Run = fn(&Table) -> Option<Vec<Row>>;

/// Rows of the table begin with these names.
const CLIENTS: [(&str, &str, Run); 6] = [
    ("haproxy", haproxy::NAME, haproxy::run),
    ("envoy", envoy::NAME, envoy::run),
    ("blackbox", blackbox::NAME, blackbox::run),
    ("grpcurl", grpcurl::NAME, grpcurl::run),
    ("python", python::NAME, python::run),
    ("kubelet", kubelet::NAME, kubelet::run),
];

#[test]
fn clients_see_what_is_expected() {
    let expected = Table::read();
    let (mut observed, mut skipped) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        let runs = CLIENTS.map(|(client, program, run)| {
            let expected = &expected;
            (client, program, scope.spawn(move || run(expected)))
        });
        for (client, program, run) in runs {
            if let Some(rows) = run.join().unwrap() {
                observed.extend(rows);
                continue;
            }
            tell(&format!(
                "SKIPPED {client}: not installed: no {program} in PATH\n"
            ));
            skipped.push(client);
        }
    });
    let (text, differences) = expected.compare(&observed, &skipped);
    tell(&text);
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Prints, even if the test passes: what `print!` says would be captured.
fn tell(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
