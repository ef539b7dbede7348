use health_core::health_check;

#[health_check(kind = "liveness", liveness_reason = true)]
async fn database() {}

fn main() {}
