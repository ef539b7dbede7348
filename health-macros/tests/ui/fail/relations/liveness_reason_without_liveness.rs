use health_core::health_check;

#[health_check(kind = "readiness", liveness_reason = "a restart opens another connection")]
async fn database() {}

fn main() {}
