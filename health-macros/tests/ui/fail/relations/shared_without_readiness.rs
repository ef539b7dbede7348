use health_core::health_check;

#[health_check(kind = ["liveness", "startup"], shared = true)]
async fn database() {}

fn main() {}
