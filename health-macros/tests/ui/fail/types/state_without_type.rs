use health_actix::{State, health_check};
use actix_web::web;

#[health_check(kind = "readiness")]
async fn database(_pool: State) {}

#[health_check(kind = "readiness")]
async fn queue(_queue: web::Data) {}

fn main() {}
