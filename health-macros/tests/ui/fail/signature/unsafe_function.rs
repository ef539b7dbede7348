use health_core::health_check;

#[health_check(kind = "readiness")]
unsafe fn database() {}

fn main() {}
