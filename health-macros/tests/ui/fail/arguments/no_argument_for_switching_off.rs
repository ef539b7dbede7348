use health_core::health_check;

#[health_check(kind = "readiness", enabled = false)]
async fn database() {}

fn main() {}
