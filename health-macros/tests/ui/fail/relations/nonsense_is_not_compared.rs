use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = "2s", interval_ms = 100, degraded_after_ms = 900, shared = 1,
    fail_closed_after_ms = 5, readiness(timeout_ms = 0), depends_on = ["database"], name = "")]
async fn database() {}

fn main() {}
