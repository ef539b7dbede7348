//! The situations in which every wire format has to say something.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use health_actix::{
    Caller, Check, Health, HealthBuilder, Maintenance, Outcome, Override, Probe, Runtime, Status,
};

use crate::support::health;

/// Two checks that serve every probe: `database`, which hangs without a result, and `cache`,
/// which is not critical.
pub(crate) fn checks(database: Option<Result<(), &'static str>>, cache: fn() -> Outcome) -> Health {
    let hangs = database.is_none();
    let database = Check::new("database", move || async move {
        match database {
            Some(result) => result,
            None => std::future::pending().await,
        }
    });
    // What answers is not to be late where the machine is slow.
    let timeout = Duration::from_millis(if hangs { 60 } else { 5000 });
    let database = database.with_timeout(timeout);
    let cache = Check::new("cache", move || async move { cache() });
    let cache = cache.with_timeout(Duration::from_secs(5));
    let checks = [database, cache.with_critical(false)];
    health(checks.map(|check| check.liveness().readiness().startup()))
}

pub(crate) fn healthy() -> Health {
    checks(Some(Ok(())), Outcome::healthy)
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

/// Each situation by its name, which is that of its golden files.
pub(crate) async fn situations() -> Vec<(&'static str, Health)> {
    let refused = Some(Err("refused by postgres://u:secret@h"));
    vec![
        ("no_checks", health([])),
        ("all_healthy", healthy()),
        ("non_critical_failing", non_critical_failing()),
        (
            "degraded",
            checks(Some(Ok(())), || Outcome::degraded("answers slowly")),
        ),
        ("critical_failing", checks(refused, Outcome::healthy)),
        (
            "critical_failing_after_startup",
            critical_failing_after_startup(),
        ),
        ("critical_timed_out", checks(None, Outcome::healthy)),
        ("non_critical_timed_out", non_critical_timed_out()),
        ("before_startup", before_startup()),
        ("startup_gate_closed", startup_gate_closed()),
        ("prerequisite_failing", prerequisite_failing()),
        ("children", checks(Some(Ok(())), shards)),
        ("measured", checks(Some(Ok(())), measured)),
        ("shared_failing", shared_failing_after_it_had_passed().await),
        ("overridden", overridden()),
        ("draining", draining()),
        ("maintenance", maintenance()),
        ("maintenance_with_an_end", maintenance_with_an_end()),
        ("misconfigured", misconfigured()),
    ]
}

/// Values of each type.
fn measured() -> Outcome {
    Outcome::healthy()
        .with_message("2 of 3 replicas")
        .with_data("replicas", 2)
        .with_data("lag_seconds", 0.25)
        .with_data("primary", true)
        .with_data("url", "redis://u:secret@h")
}

fn non_critical_failing() -> Health {
    checks(Some(Ok(())), || {
        Outcome::unhealthy("no connection to the cache")
    })
}

fn critical_failing_after_startup() -> Health {
    health([
        Check::new("cache", async || ()).startup(),
        Check::new("database", async || {
            Err::<(), _>("refused by postgres://u:secret@h")
        })
        .readiness(),
    ])
}

fn non_critical_timed_out() -> Health {
    health([
        Check::new("database", async || ()).readiness(),
        Check::new("cache", std::future::pending::<()>)
            .liveness()
            .readiness()
            .startup()
            .with_critical(false)
            .with_timeout(Duration::from_millis(60)),
    ])
}

fn before_startup() -> Health {
    health([
        Check::new("database", async || ()).readiness(),
        Check::new("cache", async || Outcome::unhealthy("loading, 40 %")).startup(),
    ])
}

fn startup_gate_closed() -> Health {
    let health = HealthBuilder::empty()
        .check(Check::new("database", async || ()).readiness())
        .startup_gate("model")
        .build()
        .unwrap();
    health
        .startup_gate("model")
        .unwrap()
        .progress("loading model, 40 %");
    health
}

fn prerequisite_failing() -> Health {
    let down = |name: &'static str| Check::new(name, async || Outcome::unhealthy("no route"));
    health([
        down("cache").readiness().with_depends_on("network"),
        down("database").readiness().with_depends_on("network"),
        down("network").readiness(),
    ])
}

async fn shared_failing_after_it_had_passed() -> Health {
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
    health
}

fn overridden() -> Health {
    let health = checks(Some(Err("refused")), Outcome::healthy);
    let forced = Override::new(Status::Healthy, "INC-42: the check uses a wrong port");
    health.force("database", forced).unwrap();
    health
}

fn draining() -> Health {
    let health = healthy();
    health.start_draining();
    health
}

fn maintenance() -> Health {
    let health = healthy();
    health.start_maintenance(Maintenance::new("moving to another rack"));
    health
}

fn maintenance_with_an_end() -> Health {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let stopped_clock = Runtime::threads().with_wall_clock(now);
    let health = HealthBuilder::empty()
        .runtime(stopped_clock)
        .build()
        .unwrap();
    let end = now + Duration::from_secs(3600);
    health.start_maintenance(Maintenance::new("moving to another rack").until(end));
    health
}

fn misconfigured() -> Health {
    HealthBuilder::empty()
        .require(["database"])
        .build_or_misconfigured()
}
