use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = 900, degraded_after_ms = 400, readiness(timeout_ms = 300))]
async fn database() {}

fn main() {}
