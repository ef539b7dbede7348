use health_core::health_check;

#[health_check(kind = "rediness")]
async fn database() {}

fn main() {}
