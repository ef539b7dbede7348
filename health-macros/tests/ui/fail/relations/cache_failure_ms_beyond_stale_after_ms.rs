use health_core::health_check;

#[health_check(kind = "readiness", interval_ms = 10_000, cache_failure_ms = 30_801)]
async fn database() {}

fn main() {}
