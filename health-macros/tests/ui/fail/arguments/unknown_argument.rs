use health_core::health_check;

#[health_check(kind = "readiness", timeout = 500)]
async fn database() {}

fn main() {}
