use health_core::health_check;

#[health_check(kind = "readiness")]
const fn database() {}

fn main() {}
