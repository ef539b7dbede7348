use health_core::health_check;

#[health_check(kind = "readiness", interval_ms = 10_000, stale_after_ms = 20_000, cache_ms = 20_001)]
async fn database() {}

fn main() {}
