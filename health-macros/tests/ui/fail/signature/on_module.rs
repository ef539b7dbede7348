use health_core::health_check;

#[health_check(kind = "readiness")]
mod database {}

fn main() {}
