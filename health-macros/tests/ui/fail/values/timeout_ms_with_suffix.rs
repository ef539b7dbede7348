use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = 2000u64)]
async fn database() {}

fn main() {}
