use health_core::health_check;

#[health_check(kind = "readiness", readiness(timeout_ms = 0, critical = 1))]
async fn database() {}

fn main() {}
