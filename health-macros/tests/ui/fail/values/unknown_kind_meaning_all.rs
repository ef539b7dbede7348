use health_core::health_check;

#[health_check(kind = "all")]
async fn database() {}

fn main() {}
