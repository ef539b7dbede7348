//! The exact bytes of every path in every situation, latencies masked.
//!
//! `BLESS=1 cargo test -p health-actix` writes what is found; read the difference.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use actix_web::dev::HttpServiceFactory;
use health_actix::{Details, Dialect, HealthService};

use crate::documented::Documented;
use crate::situations::{healthy, situations};
use crate::support::{request, serve};

const PATHS: [&str; 6] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/health/started",
    "/health/checks/database",
    "/health/checks/cache",
];

/// Compares every answer of a dialect, in every situation, with its committed file; and in those
/// situations where it matters, what callers at the other levels are told.
pub(crate) async fn compare_dialect(
    name: &str,
    dialect: fn() -> Dialect,
    paths: &[&str],
    mask: fn(&str) -> String,
) {
    for (situation, health) in situations().await {
        let service = move || HealthService::new(&health).dialects([dialect()]);
        for level in ["status_only", "summary", "full"] {
            let (details, file): (fn() -> Details, _) = match level {
                "status_only" => (
                    Details::status_only,
                    format!("{name}/{situation}.{level}.txt"),
                ),
                "full" => (Details::full, format!("{name}/{situation}.{level}.txt")),
                _ => (Details::summary, format!("{name}/{situation}.txt")),
            };
            if level == "summary" || AT_EVERY_LEVEL.contains(&situation) {
                let service = service.clone();
                compare(&file, move || service().details(details()), paths, mask).await;
            }
        }
    }
}

pub(crate) const AT_EVERY_LEVEL: [&str; 5] = [
    "critical_failing",
    "children",
    "measured",
    "maintenance",
    "startup_gate_closed",
];

/// Asks every path and compares with the committed file.
async fn compare<S: Documented + HttpServiceFactory + 'static>(
    name: &str,
    service: impl Fn() -> S + Clone + Send + 'static,
    paths: &[&str],
    mask: fn(&str) -> String,
) {
    let address = serve(service);
    let mut found = String::new();
    for path in paths {
        let answer = mask(&as_if_at_once(&settled(address, path).await));
        found.push_str(&format!("GET {path}\n{answer}\n\n"));
    }
    expect(name, &found);
}

/// What is left of an hour of maintenance is an hour, for a test that is not asked at once.
fn as_if_at_once(answer: &str) -> String {
    let nearly = (3500..3600).map(|seconds| format!("retry-after: {seconds}\n"));
    let found = nearly.into_iter().find(|line| answer.contains(line));
    found.map_or_else(
        || answer.to_owned(),
        |line| answer.replace(&line, "retry-after: 3600\n"),
    )
}

/// The answer that does not tell for how long a run has been going on: one that timed out takes a
/// moment to end.
async fn settled(address: SocketAddr, path: &str) -> String {
    for _ in 0..100 {
        let answer = request(address, "GET", path).await;
        if !answer.contains("still running after") {
            return answer;
        }
    }
    panic!("{path} tells of a run that does not end");
}

pub(crate) fn expect(name: &str, found: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, found).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    let difference = found
        .lines()
        .zip(golden.lines())
        .find(|(found, golden)| found != golden);
    assert!(
        found == golden,
        "{} differs: {difference:?}; BLESS=1 rewrites it",
        file.display()
    );
}

/// Latencies become `0.0`, and with them the length of what has them is forgotten.
pub(crate) fn mask_latencies(answer: &str) -> String {
    mask_numbers(answer, "\"latency_ms\":", "0.0")
}

fn mask_default(answer: &str) -> String {
    let mut masked = mask_latencies(answer);
    for (key, with) in [
        ("since", "(time)"),
        ("last_run", "(time)"),
        ("source", "(place)"),
    ] {
        masked = mask_text(&masked, &format!("\"{key}\":\""), with);
    }
    masked
}

/// The numbers that come after `key` become `masked`.
pub(crate) fn mask_numbers(answer: &str, key: &str, masked: &str) -> String {
    mask_after(answer, key, masked, |c| c.is_ascii_digit() || c == '.')
}

/// The texts that begin after `key`, and go on to the next quote, become `masked`.
pub(crate) fn mask_text(answer: &str, key: &str, masked: &str) -> String {
    mask_after(answer, key, masked, |c| c != '"')
}

/// What comes after `key` becomes `masked`, and the length of what has it is forgotten.
fn mask_after(answer: &str, key: &str, masked: &str, belongs: fn(char) -> bool) -> String {
    let mut parts = answer.split(key);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        all.push_str(key);
        all.push_str(masked);
        all.push_str(part.trim_start_matches(belongs));
    }
    if !answer.contains(key) {
        return all;
    }
    let length = all
        .lines()
        .find(|line| line.starts_with("content-length: "));
    match length.map(str::to_owned) {
        Some(length) => all.replacen(&length, "content-length: (masked)", 1),
        None => all,
    }
}

#[actix_web::test]
async fn the_default_dialect() {
    compare_dialect("default", Dialect::default, &PATHS, mask_default).await;
}

#[actix_web::test]
async fn configured() {
    let health = healthy();
    let service = move || {
        HealthService::new(&health)
            .prefix("/internal/")
            .service_name("orders")
    };
    let paths = [
        "/internal",
        "/internal/",
        "/internal/ready",
        "/internal/started",
        "/health",
    ];
    compare("configured.txt", service, &paths, mask_latencies).await;
}
