use health_core::health_check;

#[health_check(kind = "readiness", readiness(timout_ms = 500))]
async fn database() {}

fn main() {}
