use health_core::health_check;

#[health_check(kind = "readiness", name = database)]
async fn database() {}

fn main() {}
