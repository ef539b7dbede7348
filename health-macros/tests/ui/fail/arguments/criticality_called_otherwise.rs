use health_core::health_check;

#[health_check(kind = "readiness", required = true, fatal, is_critical = "no", optional = true)]
async fn database() {}

fn main() {}
