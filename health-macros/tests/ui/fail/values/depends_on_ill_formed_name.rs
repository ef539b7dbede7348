use health_core::health_check;

#[health_check(kind = "readiness", depends_on = ["the network", ""])]
async fn database() {}

fn main() {}
