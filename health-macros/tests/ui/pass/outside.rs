// What is outside of the process: in readiness, with a reason, or embedded.
#![deny(warnings)]

use health_core::{Health, State, health_check};

struct PgPool;
struct Pool<T>(T);
struct Sqlite;

#[health_check(kind = ["readiness", "startup"])]
async fn ready(_pool: State<PgPool>) {}

#[health_check(kind = "liveness", liveness_reason = "a restart opens another connection")]
async fn reasoned(_pool: State<PgPool>) {}

#[health_check(kind = "liveness")]
async fn embedded(_pool: State<Pool<Sqlite>>) {}

fn main() {
    let health = Health::builder().state(PgPool).state(Pool(Sqlite)).build().unwrap();
    let checks = health.checks();
    let reasons: Vec<_> = checks.iter().map(|check| check.liveness_reason()).collect();
    assert_eq!(reasons, ["", "", "a restart opens another connection"]);
}
