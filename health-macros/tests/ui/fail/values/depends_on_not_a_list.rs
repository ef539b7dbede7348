use health_core::health_check;

#[health_check(kind = "readiness", depends_on = "network")]
async fn database() {}

fn main() {}
