use health_core::health_check;

#[health_check(kind = "readiness", name = "db", depends_on = ["network", "db"])]
async fn database() {}

fn main() {}
