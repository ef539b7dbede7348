use health_core::health_check;

#[health_check(kind = "readiness", readiness(cache_ms = 300))]
async fn database() {}

fn main() {}
