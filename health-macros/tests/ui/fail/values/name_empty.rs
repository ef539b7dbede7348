use health_core::health_check;

#[health_check(kind = "readiness", name = "")]
async fn database() {}

fn main() {}
