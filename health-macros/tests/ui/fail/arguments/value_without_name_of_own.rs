use health_core::health_check;

#[health_check(kind = "readiness", readiness(500))]
async fn database() {}

fn main() {}
