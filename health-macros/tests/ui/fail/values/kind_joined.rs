use health_core::health_check;

#[health_check(kind = Liveness | Readiness)]
async fn database() {}

fn main() {}
