use health_core::health_check;

#[health_check(kind = ["liveness", "startup"], liveness(critical = false), readiness(timeout_ms = 300))]
async fn database() {}

fn main() {}
