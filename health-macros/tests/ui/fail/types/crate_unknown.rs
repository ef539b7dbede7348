use health_core::health_check;

#[health_check(kind = "readiness", crate = ::not_health_core)]
async fn database() {}

fn main() {}
