use health_core::health_check;

#[health_check(kind = "readiness", name = "one", name = "two")]
async fn database() {}

fn main() {}
