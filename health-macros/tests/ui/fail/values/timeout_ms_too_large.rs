use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = 86_400_001)]
async fn database() {}

fn main() {}
