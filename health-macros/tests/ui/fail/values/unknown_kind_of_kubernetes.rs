use health_core::health_check;

#[health_check(kind = "readyz")]
async fn database() {}

fn main() {}
