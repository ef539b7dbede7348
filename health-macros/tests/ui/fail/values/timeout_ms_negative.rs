use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = -1)]
async fn database() {}

fn main() {}
