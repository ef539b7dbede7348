use health_core::health_check;

#[health_check(kind = "readiness", group = "db", tag = "db", cacheTTL = 5, failureStatus = "Degraded", ttl = Duration::from_secs(2))]
async fn database() {}

fn main() {}
