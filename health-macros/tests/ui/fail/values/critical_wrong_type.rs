use health_core::health_check;

#[health_check(kind = "readiness", critical = "no")]
async fn database() {}

fn main() {}
