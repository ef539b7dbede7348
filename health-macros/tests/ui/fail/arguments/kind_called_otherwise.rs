use health_core::health_check;

#[health_check(type = "readyz")]
async fn database() {}

fn main() {}
