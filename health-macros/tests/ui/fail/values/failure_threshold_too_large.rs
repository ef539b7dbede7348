use health_core::health_check;

#[health_check(kind = "readiness", failure_threshold = 1001)]
async fn database() {}

fn main() {}
