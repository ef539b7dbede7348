use health_core::health_check;

#[health_check(kind = "readiness", name = "a b")]
async fn database() {}

fn main() {}
