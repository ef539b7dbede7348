use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = Duration::from_secs(2))]
async fn database() {}

fn main() {}
