use health_core::health_check;

#[health_check(kind = "readiness", visibility: full)]
async fn database() {}

fn main() {}
