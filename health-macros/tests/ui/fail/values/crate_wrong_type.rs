use health_core::health_check;

#[health_check(kind = "readiness", crate = "health_core")]
async fn database() {}

fn main() {}
