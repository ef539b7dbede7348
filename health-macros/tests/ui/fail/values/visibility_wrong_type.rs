use health_core::health_check;

#[health_check(kind = "readiness", visibility = 5)]
async fn database() {}

fn main() {}
