use health_core::health_check;

#[health_check(kind = "readiness", interval_ms = 0)]
async fn database() {}

fn main() {}
