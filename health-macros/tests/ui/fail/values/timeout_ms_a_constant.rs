use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = TIMEOUT_MS)]
async fn database() {}

fn main() {}
