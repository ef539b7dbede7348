use health_core::health_check;

#[health_check(kind = "readiness", async, blocking = true)]
async fn database() {}

fn main() {}
