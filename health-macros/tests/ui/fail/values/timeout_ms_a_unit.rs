use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = 2s)]
async fn database() {}

fn main() {}
