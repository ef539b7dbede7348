//! Files that somebody lints.

use std::time::Duration;

use health_actix::{Check, Health, HealthBuilder, HealthCommand, HealthService};

use crate::cost;

/// How the file is called.
const FILE: &str = "manifest.yaml";

/// Of the processor's time, for a file of a few KiB with whatever aliases.
const MOST: Duration = Duration::from_secs(2);

thread_local! {
    /// Never dropped: what it needs for that is gone before it.
    static SERVICE: &'static HealthService = Box::leak(Box::new(HealthService::new(&health())));
}

/// Lints a file. Returns whether anything was found, if the file could be read.
///
/// # Panics
/// If a promise is broken.
pub fn keep(bytes: &[u8]) -> Option<bool> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lint = || SERVICE.with(|service| HealthCommand::lint(service, FILE, text));
    let found = cost::within(MOST, lint);
    assert_eq!(lint(), found, "another each time");
    let drives = |c: char| c != '\n' && c.is_control();
    assert!(!found.contains(drives), "{found:?}");
    let mut is_readable = true;
    for line in found.lines() {
        let Some((place, severity)) = finding(line) else {
            continue;
        };
        // In YAML a carriage return ends a line too.
        let lines = text.split(['\n', '\r']).count();
        assert!(place <= lines.max(1) + 1, "of {lines} lines: {line}");
        is_readable &= severity != "error";
    }
    is_readable.then_some(!found.is_empty())
}

/// The line at which it is, 0 if that is none, and the word that follows: `error` alone is that of a
/// file that could not be read, those of rules have their numbers.
fn finding(line: &str) -> Option<(usize, &str)> {
    let rest = line.strip_prefix(FILE)?.strip_prefix(':')?;
    let (first, after) = rest.trim_start().split_once(": ")?;
    let Ok(place) = first.parse() else {
        return Some((0, first));
    };
    let (word, _) = after.split_once(": ").expect("it says something");
    Some((place, word))
}

fn health() -> Health {
    let database = Check::new("database", async || true).readiness();
    let checks = HealthBuilder::empty()
        .check(Check::new("event_loop", async || true).liveness())
        .check(database.with_timeout(Duration::from_secs(2)).with_tag("db"))
        .check(Check::new("migrations", async || true).startup());
    checks.build().expect("no mistakes")
}
