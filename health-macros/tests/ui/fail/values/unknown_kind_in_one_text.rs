use health_core::health_check;

#[health_check(kind = "liveness, readiness")]
async fn database() {}

fn main() {}
