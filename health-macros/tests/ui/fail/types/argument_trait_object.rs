use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database(_pool: State<dyn Send>) {}

fn main() {}
