use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = "PT1M30S")]
async fn database() {}

fn main() {}
