use health_core::health_check;

#[health_check(kind = "readiness", shared = "yes", fail_closed_after_ms = 60_000)]
async fn database() {}

fn main() {}
