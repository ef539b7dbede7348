use health_core::health_check;

#[health_check(kind = "readiness", tags: ["a - b", "c, d"])]
async fn database() {}

fn main() {}
