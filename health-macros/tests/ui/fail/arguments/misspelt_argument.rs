use health_core::health_check;

#[health_check(kind = "readiness", timout_ms = 500, critcal = false, dependson = ["network"])]
async fn database() {}

fn main() {}
