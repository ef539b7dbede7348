use health_core::health_check;

#[health_check(kind = "readiness", visibility = "private")]
async fn database() {}

fn main() {}
