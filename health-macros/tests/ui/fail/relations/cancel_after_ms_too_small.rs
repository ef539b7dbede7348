use health_core::health_check;

#[health_check(kind = ["liveness", "readiness"], cancel_after_ms = 1500, readiness(timeout_ms = 2000))]
async fn database() {}

fn main() {}
