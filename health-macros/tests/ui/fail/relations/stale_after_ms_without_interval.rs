use health_core::health_check;

#[health_check(kind = "readiness", stale_after_ms = 60_000, cache_ms = 70_000)]
async fn database() {}

fn main() {}
