use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = 99_999_999_999_999_999_999)]
async fn database() {}

fn main() {}
