use health_core::health_check;

#[health_check(kind = "readiness", success_threshold = 4_294_967_296)]
async fn database() {}

fn main() {}
