use health_core::health_check;

#[health_check(kind = [])]
async fn database() {}

fn main() {}
