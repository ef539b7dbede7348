use health_core::health_check;

#[health_check(kind = "readiness", timeout-ms = 500)]
async fn database() {}

fn main() {}
