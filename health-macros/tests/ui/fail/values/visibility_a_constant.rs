use health_core::health_check;

#[health_check(kind = "readiness", visibility = VISIBILITY)]
async fn database() {}

fn main() {}
