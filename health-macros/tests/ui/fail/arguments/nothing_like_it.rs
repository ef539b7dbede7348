use health_core::health_check;

#[health_check(kind = "readiness", banana = 5)]
async fn database() {}

fn main() {}
