//! The exact bytes of every path in every situation, latencies masked.
//!
//! `BLESS=1 cargo test -p health-actix` writes what is found; read the difference.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use actix_web::dev::HttpServiceFactory;
use health_actix::{
    Caller, Check, Health, HealthBuilder, HealthService, Maintenance, Outcome, Override, Probe,
    Runtime, Status,
};

use crate::support::{health, request, serve};

const PATHS: [&str; 6] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/health/started",
    "/health/checks/database",
    "/health/checks/cache",
];

/// Two checks that serve every probe: `database`, which hangs without a result, and `cache`,
/// which is not critical.
fn checks(database: Option<Result<(), &'static str>>, cache: fn() -> Outcome) -> Health {
    let database = Check::new("database", move || async move {
        match database {
            Some(result) => result,
            None => std::future::pending().await,
        }
    });
    let cache = Check::new("cache", move || async move { cache() });
    let timeout = Duration::from_millis(60);
    let checks = [database.with_timeout(timeout), cache.with_critical(false)];
    health(checks.map(|check| check.liveness().readiness().startup()))
}

fn healthy() -> Health {
    checks(Some(Ok(())), Outcome::healthy)
}

/// Asks every path and compares with the committed file.
async fn compare(name: &str, service: impl Fn() -> HealthService + Clone + Send + 'static) {
    compare_paths(name, service, &PATHS).await;
}

async fn compare_paths<S: HttpServiceFactory + 'static>(
    name: &str,
    service: impl Fn() -> S + Clone + Send + 'static,
    paths: &[&str],
) {
    let address = serve(service);
    let mut found = String::new();
    for path in paths {
        let answer = mask_latencies(&request(address, "GET", path).await);
        found.push_str(&format!("GET {path}\n{answer}\n\n"));
    }
    expect(name, &found);
}

pub(crate) fn expect(name: &str, found: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("BLESS").is_some() {
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
    let mut masked = String::new();
    let mut rest = answer;
    while let Some((before, after)) = rest.split_once("\"latency_ms\":") {
        masked.push_str(before);
        masked.push_str("\"latency_ms\":0.0");
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    }
    masked.push_str(rest);
    if masked.contains("latency_ms") {
        let length = masked
            .lines()
            .find(|l| l.starts_with("content-length"))
            .unwrap()
            .to_owned();
        masked = masked.replace(&length, "content-length: (masked)");
    }
    masked
}

fn service(health: &Health) -> impl Fn() -> HealthService + Clone + Send + 'static {
    let health = health.clone();
    move || HealthService::new(&health)
}

#[actix_web::test]
async fn no_checks() {
    compare("no_checks.txt", service(&health([]))).await;
}

#[actix_web::test]
async fn all_healthy() {
    compare("all_healthy.txt", service(&healthy())).await;
}

#[actix_web::test]
async fn non_critical_failing() {
    let health = checks(Some(Ok(())), || {
        Outcome::unhealthy("no connection to the cache")
    });
    compare("non_critical_failing.txt", service(&health)).await;
}

#[actix_web::test]
async fn degraded() {
    let health = checks(Some(Ok(())), || Outcome::degraded("answers slowly"));
    compare("degraded.txt", service(&health)).await;
}

#[actix_web::test]
async fn critical_failing() {
    let health = checks(
        Some(Err("refused by postgres://u:secret@h")),
        Outcome::healthy,
    );
    compare("critical_failing.txt", service(&health)).await;
}

#[actix_web::test]
async fn critical_failing_after_startup() {
    let health = health([
        Check::new("cache", async || ()).startup(),
        Check::new("database", async || {
            Err::<(), _>("refused by postgres://u:secret@h")
        })
        .readiness(),
    ]);
    compare("critical_failing_after_startup.txt", service(&health)).await;
}

#[actix_web::test]
async fn critical_timed_out() {
    compare(
        "critical_timed_out.txt",
        service(&checks(None, Outcome::healthy)),
    )
    .await;
}

#[actix_web::test]
async fn non_critical_timed_out() {
    let health = health([
        Check::new("database", async || ()).readiness(),
        Check::new("cache", std::future::pending::<()>)
            .liveness()
            .readiness()
            .startup()
            .with_critical(false)
            .with_timeout(Duration::from_millis(60)),
    ]);
    compare("non_critical_timed_out.txt", service(&health)).await;
}

#[actix_web::test]
async fn before_startup() {
    let health = health([
        Check::new("database", async || ()).readiness(),
        Check::new("cache", async || Outcome::unhealthy("loading, 40 %")).startup(),
    ]);
    compare("before_startup.txt", service(&health)).await;
}

#[actix_web::test]
async fn startup_gate_closed() {
    let health = HealthBuilder::empty()
        .check(Check::new("database", async || ()).readiness())
        .startup_gate("model")
        .build()
        .unwrap();
    health
        .startup_gate("model")
        .unwrap()
        .progress("loading model, 40 %");
    compare("startup_gate_closed.txt", service(&health)).await;
}

#[actix_web::test]
async fn prerequisite_failing() {
    let down = |name: &'static str| Check::new(name, async || Outcome::unhealthy("no route"));
    let health = health([
        down("cache").readiness().with_depends_on("network"),
        down("database").readiness().with_depends_on("network"),
        down("network").readiness(),
    ]);
    compare("prerequisite_failing.txt", service(&health)).await;
}

/// As a function returns all shards: one fails with what must not be shown, one says why, one is
/// slow.
pub(crate) fn shards() -> Outcome {
    let refused = Err::<(), _>("refused by postgres://u:secret@h");
    Outcome::healthy()
        .with_child("shard_3", refused)
        .with_child("shard_1", ())
        .with_child("shard_2", Outcome::degraded("answers slowly"))
        .with_child(
            "shard \"4\"",
            Outcome::unhealthy("no route").with_error("port 5432"),
        )
        .with_child("token=hunter2", Outcome::healthy().with_message("12 rows"))
}

#[actix_web::test]
async fn children() {
    compare("children.txt", service(&checks(Some(Ok(())), shards))).await;
}

#[actix_web::test]
async fn shared_failing_after_it_had_passed() {
    let runs = AtomicU32::new(0);
    let database = Check::new("database", move || {
        let passes = runs.fetch_add(1, Ordering::Relaxed) == 0;
        async move { passes }
    });
    let health = health([database
        .readiness()
        .with_shared(true)
        .with_cache(Duration::ZERO)]);
    health.probe(Probe::Readiness, Caller::nobody()).await;
    compare("shared_failing.txt", service(&health)).await;
}

#[actix_web::test]
async fn overridden() {
    let health = checks(Some(Err("refused")), Outcome::healthy);
    let forced = Override::new(Status::Healthy, "INC-42: the check uses a wrong port");
    health.force("database", forced).unwrap();
    compare("overridden.txt", service(&health)).await;
}

#[actix_web::test]
async fn draining() {
    let health = healthy();
    health.start_draining();
    compare("draining.txt", service(&health)).await;
}

#[actix_web::test]
async fn maintenance() {
    let health = healthy();
    health.start_maintenance(Maintenance::new("moving to another rack"));
    compare("maintenance.txt", service(&health)).await;
}

#[actix_web::test]
async fn maintenance_with_an_end() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let stopped_clock = Runtime::threads().with_wall_clock(now);
    let health = HealthBuilder::empty()
        .runtime(stopped_clock)
        .build()
        .unwrap();
    let end = now + Duration::from_secs(3600);
    health.start_maintenance(Maintenance::new("moving to another rack").until(end));
    compare_paths(
        "maintenance_with_an_end.txt",
        service(&health),
        &["/health/ready"],
    )
    .await;
}

#[actix_web::test]
async fn misconfigured() {
    let builder = HealthBuilder::empty().require(["database"]);
    compare(
        "misconfigured.txt",
        service(&builder.build_or_misconfigured()),
    )
    .await;
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
    compare_paths("configured.txt", service, &paths).await;
}

#[actix_web::test]
async fn ten_healthy_checks_stay_below_a_kibibyte() {
    let names = (0..10).map(|index| format!("dependency-{index}-of-ten"));
    let checks = names.map(|name| Check::new(name, async || ()).readiness());
    let address: SocketAddr = serve(service(&health(checks)));
    let (code, body) = crate::support::get(address, "/health/ready").await;
    assert_eq!(code, 200);
    assert!(body.len() < 1024, "{} bytes", body.len());
}
