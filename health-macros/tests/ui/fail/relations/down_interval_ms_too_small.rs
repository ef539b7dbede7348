use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = 2000, interval_ms = 10_000, down_interval_ms = 1999)]
async fn database() {}

fn main() {}
