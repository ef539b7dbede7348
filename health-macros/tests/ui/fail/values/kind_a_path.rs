use health_core::health_check;

#[health_check(kind = Probe::Readiness)]
async fn database() {}

fn main() {}
