use health_core::health_check;

#[health_check(kind = "readiness", readyness(timeout_ms = 500), live(critical = false))]
async fn database() {}

fn main() {}
