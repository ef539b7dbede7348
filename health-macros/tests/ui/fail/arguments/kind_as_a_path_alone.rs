use health_core::health_check;

#[health_check(Probe::Readiness)]
async fn database() {}

fn main() {}
