use health_core::health_check;

#[health_check(kind = "readiness", readiness = false)]
async fn database() {}

fn main() {}
