//! What the linter of Prometheus says, where it is installed: of Debian's package `prometheus`.

use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use actix_web::web;
use health_actix::{Caller, Check, Details, HealthService, Outcome, Probe, Workers};
use tokio::time::advance;

use super::{builder, scrape};

/// Where it is: in the path, or below `target/clients`, where the package was unpacked.
fn promtool() -> Option<PathBuf> {
    let unpacked = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/clients/usr/bin");
    let paths = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&paths).chain([PathBuf::from(unpacked)]);
    folders.find_map(|folder| Some(folder.join("promtool")).filter(|path| path.is_file()))
}

#[tokio::test(start_paused = true)]
async fn promtool_finds_nothing_wrong() {
    let Some(promtool) = promtool() else {
        let required = env::var("HEALTH_TEST_SERVICES").is_ok_and(|it| it == "required");
        assert!(!required, "promtool is not installed");
        eprintln!("SKIPPED: promtool is not installed");
        return;
    };
    let check = Check::new("db", async || {
        Outcome::healthy().with_child("quo\"te\\ and\nline", Outcome::degraded("slow"))
    });
    let health = builder().check(check.readiness()).build().unwrap();
    health.probe(Probe::Readiness, Caller::nobody()).await;
    advance(Duration::from_secs(1)).await;
    let service = HealthService::new(&health)
        .metrics(Details::full())
        .workers(&Workers::new());
    let text = scrape(service, "", |_: &mut web::ServiceConfig| ()).await;
    let (_, body) = text.split_once("\n\n").unwrap();
    let mut linter = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    linter
        .stdin
        .take()
        .unwrap()
        .write_all(body.as_bytes())
        .unwrap();
    let output = linter.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{said}");
}
