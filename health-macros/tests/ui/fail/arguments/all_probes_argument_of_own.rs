use health_core::health_check;

#[health_check(kind = "readiness", readiness(interval_ms = 500, ttl = 5, required = true))]
async fn database() {}

fn main() {}
