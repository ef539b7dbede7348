//! Checks that show what else the attribute can say. Each is left out unless the environment
//! variable `MISBEHAVE` names its switch; it holds a list with commas:
//!
//! ```text
//! MISBEHAVE=interval,flapping cargo run -p misbehaving
//! curl http://127.0.0.1:8000/health/checks/interval
//! ```
//!
//! | switch | path below `/health` | what one sees |
//! |---|---|---|
//! | `interval` | `/checks/interval` | `no result yet` at first; then the number of the run grows once a second, however often one asks |
//! | `flapping` | `/checks/flapping` | every second run fails, and it stays `healthy`: one failure is tolerated |
//! | `slow` | `/checks/slow` | `degraded`, for it takes more than 100 ms |
//! | `linger` | `/checks/linger` | a timeout, then `still running after 1.2 s`; from 2 s on a new run |
//! | `kept` | `/checks/kept` | two runs that fail, which are not kept; the third passes, and is kept for a minute |
//! | `two_probes` | `/live` | `alive` and degraded, for liveness waits 100 ms and does not find it critical |
//! | `two_probes` | `/ready` | `two_probes` is healthy, for readiness waits longer |
//! | `depends` | `/ready` | `api` fails, `caused_by` `network`; from the second time on it is skipped |
//! | `shared` | `/ready` | it fails from the second time on, but as `shared`, which does not fail the probe |

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use health_actix::{Outcome, health_check};

/// Each switch, and the checks that it switches on.
const SWITCHES: [(&str, &[&str]); 8] = [
    ("interval", &["interval"]),
    ("flapping", &["flapping"]),
    ("slow", &["slow"]),
    ("linger", &["linger"]),
    ("kept", &["kept"]),
    ("two_probes", &["two_probes"]),
    ("depends", &["network", "api"]),
    ("shared", &["shared"]),
];

/// The checks that a list of switches leaves out; a switch that is unknown is an error.
pub(crate) fn left_out(list: &str) -> Result<impl Iterator<Item = &'static str>, String> {
    let named = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let named: Vec<_> = named.collect();
    let is_known = |name: &str| SWITCHES.iter().any(|(switch, _)| *switch == name);
    if let Some(unknown) = named.iter().find(|name| !is_known(name)) {
        let known = SWITCHES.map(|(switch, _)| switch).join(", ");
        return Err(format!(
            "MISBEHAVE names the switch {unknown}, which there is not; there are {known}"
        ));
    }
    let off = SWITCHES
        .iter()
        .filter(|(switch, _)| !named.contains(switch));
    let checks: Vec<_> = off.flat_map(|(_, checks)| *checks).copied().collect();
    Ok(checks.into_iter())
}

/// Runs by itself once a second.
#[health_check(
    kind = "readiness",
    interval_ms = 1000,
    initial_delay_ms = 500,
    jitter = false,
    stale_after_ms = 5000
)]
async fn interval() -> Outcome {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    Outcome::healthy().with_message(format!("run {}", count(&RUNS)))
}

/// Fails in every second run.
#[health_check(
    kind = "readiness",
    failure_threshold = 2,
    success_threshold = 2,
    cache_ms = 0
)]
async fn flapping() -> Outcome {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    match count(&RUNS) {
        run if run % 2 == 0 => Outcome::unhealthy(format!("run {run} fails")),
        run => Outcome::healthy().with_message(format!("run {run} passes")),
    }
}

/// Passes, but takes its time.
#[health_check(kind = "readiness", degraded_after_ms = 100)]
fn slow() {
    thread::sleep(Duration::from_millis(200));
}

/// Never completes, and is given time to do so.
#[health_check(
    kind = "readiness",
    timeout_ms = 200,
    cancel_after_ms = 2000,
    cache_ms = 0
)]
async fn linger() {
    std::future::pending::<()>().await;
}

/// Passes from the third run on.
#[health_check(kind = "readiness", cache_ms = 60_000, cache_failure_ms = 0)]
async fn kept() -> Outcome {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    match count(&RUNS) {
        run @ ..=2 => Outcome::unhealthy(format!("run {run}")),
        run => Outcome::healthy().with_message(format!("run {run}")),
    }
}

/// Takes longer than liveness waits.
#[health_check(
    kind = ["liveness", "readiness"],
    cache_ms = 0,
    liveness(timeout_ms = 100, critical = false),
)]
fn two_probes() {
    thread::sleep(Duration::from_millis(300));
}

/// The network is down, and stays so for a minute.
#[health_check(kind = "readiness", cache_ms = 60_000)]
async fn network() -> Outcome {
    Outcome::unhealthy("no route")
}

/// Needs the network.
#[health_check(kind = "readiness", cache_ms = 0, depends_on = ["network"])]
async fn api() -> Outcome {
    Outcome::unhealthy("no answer")
}

/// Fails from the second run on, and so it does for every replica.
#[health_check(
    kind = "readiness",
    cache_ms = 0,
    shared = true,
    fail_closed_after_ms = 3_600_000
)]
async fn shared() -> bool {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    count(&RUNS) == 1
}

/// The number of this run, from 1.
fn count(runs: &AtomicU64) -> u64 {
    runs.fetch_add(1, Ordering::Relaxed) + 1
}
