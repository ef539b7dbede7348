use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database(_pool: Option<State<u32>>) {}

fn main() {}
