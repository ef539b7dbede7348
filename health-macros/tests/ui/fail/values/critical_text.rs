use health_core::health_check;

#[health_check(kind = "readiness", critical = "false")]
async fn database() {}

fn main() {}
