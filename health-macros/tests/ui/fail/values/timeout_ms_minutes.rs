use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = "1m")]
async fn database() {}

fn main() {}
