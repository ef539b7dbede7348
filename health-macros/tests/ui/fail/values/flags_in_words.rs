use health_core::health_check;

#[health_check(kind = "readiness", shared = "yes", critical = 0)]
async fn database() {}

fn main() {}
