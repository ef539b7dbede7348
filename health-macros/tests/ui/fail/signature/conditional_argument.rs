use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database(#[cfg(unix)] _pool: State<u32>) {}

fn main() {}
