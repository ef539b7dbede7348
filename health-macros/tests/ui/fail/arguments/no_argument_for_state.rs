use health_core::health_check;

#[health_check(kind = "readiness", state = Pool, with = [pool])]
async fn database() {}

fn main() {}
