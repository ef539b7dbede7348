use health_core::health_check;

#[health_check(kind = "readiness", cache_ms = true)]
async fn database() {}

fn main() {}
