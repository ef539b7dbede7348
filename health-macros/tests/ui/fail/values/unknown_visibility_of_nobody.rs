use health_core::health_check;

#[health_check(kind = "readiness", visibility = "nobody at all")]
async fn database() {}

fn main() {}
