use health_core::health_check;

#[health_check(kind = ["readiness", "liveness", "readiness"])]
async fn database() {}

fn main() {}
