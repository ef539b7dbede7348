use health_core::health_check;

#[health_check(kind = "readiness")]
fn database(_pool: u32) {}

fn main() {}
