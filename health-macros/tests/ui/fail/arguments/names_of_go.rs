use health_core::health_check;

#[health_check(kind = "readiness", interval = "10s", skip_on_err = true, max_contiguous_fails = 3, initialDelay = "1s")]
async fn database() {}

fn main() {}
