use health_core::health_check;

#[health_check(kind = "readiness", failure_threshold = 0)]
async fn database() {}

fn main() {}
