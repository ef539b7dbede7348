use health_core::health_check;

#[health_check(kind = ["liveness", "rediness", "boot"])]
async fn database() {}

fn main() {}
