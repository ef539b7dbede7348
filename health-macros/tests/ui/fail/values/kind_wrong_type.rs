use health_core::health_check;

#[health_check(kind = 1)]
async fn database() {}

fn main() {}
