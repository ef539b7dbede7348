use health_core::health_check;

#[health_check(kind = "readiness", path = "/health/database")]
async fn database() {}

fn main() {}
