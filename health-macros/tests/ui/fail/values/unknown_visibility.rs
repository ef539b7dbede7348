use health_core::health_check;

#[health_check(kind = "readiness", visibility = "ful")]
async fn database() {}

fn main() {}
