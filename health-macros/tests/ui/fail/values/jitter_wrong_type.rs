use health_core::health_check;

#[health_check(kind = "readiness", interval_ms = 1000, jitter = 10)]
async fn database() {}

fn main() {}
