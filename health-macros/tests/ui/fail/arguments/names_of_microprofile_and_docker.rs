use health_core::health_check;

#[health_check(kind = "readiness", id = "db", start_period = "1m", retries = 3, refresh = 30)]
async fn database() {}

fn main() {}
