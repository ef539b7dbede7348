use health_core::health_check;

#[health_check(kind = "readiness", readiness(timeout_ms: 300), timeout = 5)]
async fn database() {}

fn main() {}
