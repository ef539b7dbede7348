use health_core::health_check;

#[health_check(kind = "readiness", degraded_after_ms = 800)]
async fn database() {}

fn main() {}
