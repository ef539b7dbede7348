use health_core::health_check;

#[health_check(kind = "readiness", name = 5)]
async fn database() {}

fn main() {}
