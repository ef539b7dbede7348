use health_core::health_check;

#[health_check(kind = "readiness", jitter = true)]
async fn database() {}

fn main() {}
