use health_core::health_check;

#[health_check(kind = "readiness", interval_ms = 10_000, down_interval_ms = 20_000, stale_after_ms = 22_799)]
async fn database() {}

fn main() {}
