use health_core::health_check;

#[health_check(kind = "readiness", dependencies = [network], after = "network", requires = ["network"])]
async fn database() {}

fn main() {}
