use health_core::health_check;

#[health_check(kind = "liveness", liveness_reason = " ")]
async fn database() {}

fn main() {}
