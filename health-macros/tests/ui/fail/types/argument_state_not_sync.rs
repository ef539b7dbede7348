use std::cell::Cell;

use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database(_pool: State<Cell<u32>>) {}

fn main() {}
