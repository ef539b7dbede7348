//! The official client for Python reads what is exposed: it is stricter than Prometheus itself.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use health_actix::{Check, HealthBuilder, Outcome};
use serde_json::{Value, json};

use super::prometheus::scrape;
use super::replica::Replica;
use super::{Fact, compare};
use crate::http;
use crate::program::{Directory, PATIENCE, find};
use crate::tell;

/// A Python that has prometheus-client.
const NAME: &str = "python-prometheus";
const TOOL: &str = "prometheus_client";

const GOLDEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../health-actix/tests/golden/metrics"
);

/// Names that would be something else, were they not escaped; in their order.
const NAMES: [&str; 9] = [
    "\t\r",
    "\"} 1\nhealth_draining 1\n# EOF\n",
    "# EOF\n",
    "\\",
    "\\\"",
    "\\n",
    "a,b=\"c\"",
    "line\u{2028}s\u{85}",
    "ä\u{1f980}",
];

#[test]
fn what_is_exposed_is_read_as_it_was_meant() {
    let Some(python) = find(NAME) else {
        return tell("SKIPPED prometheus_client: not installed\n");
    };
    let directory = Directory::new().unwrap();
    let script = include_str!("exposition.py");
    let script = directory.write("exposition.py", script).unwrap();
    let read = |files: &[PathBuf]| read(&python, &script, files);
    let mut facts = Vec::new();
    for (format, is_open) in [("text", false), ("OpenMetrics", true)] {
        let files = golden(&directory, is_open);
        let says = format!("{} files are read", read(&files).len());
        facts.push(Fact::new(TOOL, format!("golden files, {format}"), says));
    }
    let replica = hostile();
    for (format, accept) in [
        ("text", "text/plain;version=0.0.4"),
        ("OpenMetrics", "application/openmetrics-text;version=1.0.0"),
    ] {
        let text = scrape(replica.address, accept);
        let file = directory.write(format, &text).unwrap();
        let found = read(&[file]).remove(0);
        let says = if found[2] == json!(NAMES) {
            "as they are".to_owned()
        } else {
            found[2].to_string()
        };
        facts.push(Fact::new(TOOL, format!("hostile names, {format}"), says));
    }
    compare("exposition", &facts, &[]);
}

/// What it finds in each of these files.
fn read(python: &Path, script: &Path, files: &[PathBuf]) -> Vec<Value> {
    let output = Command::new(python)
        .arg(script)
        .args(files)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{files:?}: {error}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let read = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    read.collect()
}

/// The bodies of the answers that are committed.
fn golden(directory: &Directory, is_open: bool) -> Vec<PathBuf> {
    let answers = fs::read_dir(GOLDEN).unwrap();
    let answers = answers.map(|answer| answer.unwrap().path());
    let answers = answers.filter(|path| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap();
        name.ends_with(".openmetrics.txt") == is_open
    });
    let bodies = answers.map(|path| {
        let answer = fs::read_to_string(&path).unwrap();
        let (_, body) = answer.split_once("\n\n").unwrap();
        let name = path.file_name().and_then(OsStr::to_str).unwrap();
        directory.write(name, body).unwrap()
    });
    bodies.collect()
}

/// A replica with names that nobody should choose, whose check has run.
fn hostile() -> Replica {
    let check = Check::new("shards", async || {
        let names = NAMES.into_iter();
        names.fold(Outcome::healthy(), |outcome, name| {
            outcome.with_child(name, Outcome::healthy())
        })
    });
    let health = HealthBuilder::empty().check(check.readiness()).build();
    let replica = Replica::of(health.unwrap());
    http::get(replica.address, "/health/ready", "client-tests", PATIENCE).unwrap();
    replica
}
