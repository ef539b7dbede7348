use health_core::health_check;

#[health_check(kind = KIND)]
async fn database() {}

fn main() {}
