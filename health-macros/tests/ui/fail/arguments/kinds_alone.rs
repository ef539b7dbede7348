use health_core::health_check;

#[health_check(liveness, startup, timeout_ms = 500)]
async fn database() {}

fn main() {}
