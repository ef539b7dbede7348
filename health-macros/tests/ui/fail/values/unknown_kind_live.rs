use health_core::health_check;

#[health_check(kind = ["live", "liveliness", "startUp", "started", "ready", "health"])]
async fn database() {}

fn main() {}
