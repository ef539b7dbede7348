use health_core::health_check;

#[health_check(kind = "readiness", visibility = false)]
async fn database() {}

fn main() {}
