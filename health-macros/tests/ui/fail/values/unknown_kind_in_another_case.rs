use health_core::health_check;

#[health_check(kind = "Readiness")]
async fn database() {}

fn main() {}
