use health_core::health_check;

#[health_check(kind = "readiness", readiness(timeout_ms = 300, timeout_ms = 400))]
async fn database() {}

fn main() {}
