use health_core::health_check;

#[health_check(startup(timeout_ms = 5000))]
async fn database() {}

fn main() {}
