use health_core::health_check;

#[health_check(kind = "readiness", tags("db", "primary"))]
async fn database() {}

fn main() {}
