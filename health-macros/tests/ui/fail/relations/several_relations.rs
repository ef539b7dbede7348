use health_core::health_check;

#[health_check(kind = "readiness", timeout_ms = 2000, interval_ms = 1000, stale_after_ms = 500, cache_ms = 3000,
    degraded_after_ms = 2000, cancel_after_ms = 1, fail_closed_after_ms = 5, startup(critical = false),
    depends_on = ["database"])]
async fn database() {}

fn main() {}
