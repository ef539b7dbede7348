use health_core::health_check;

#[health_check(readiness)]
async fn database() {}

fn main() {}
