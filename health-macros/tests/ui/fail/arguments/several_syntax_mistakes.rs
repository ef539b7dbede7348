use health_core::health_check;

#[health_check(kind: "readiness", timeout_ms => 500, critical == false, , name "x" tags = ["a"])]
async fn database() {}

fn main() {}
