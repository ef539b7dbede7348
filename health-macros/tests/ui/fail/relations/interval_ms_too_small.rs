use health_core::health_check;

#[health_check(kind = "readiness", interval_ms = 799)]
async fn database() {}

fn main() {}
