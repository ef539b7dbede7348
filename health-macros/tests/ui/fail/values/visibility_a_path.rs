use health_core::health_check;

#[health_check(kind = "readiness", visibility = Visibility::Full)]
async fn database() {}

fn main() {}
