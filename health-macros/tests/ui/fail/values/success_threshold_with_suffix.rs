use health_core::health_check;

#[health_check(kind = "readiness", success_threshold = 2u32)]
async fn database() {}

fn main() {}
