use health_core::health_check;

#[health_check(kind = "readiness", failure_threshold = "3", success_threshold = 2.0)]
async fn database() {}

fn main() {}
