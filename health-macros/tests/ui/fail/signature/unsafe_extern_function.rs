use health_core::health_check;

#[health_check(kind = "readiness")]
unsafe extern "C" fn database() {}

fn main() {}
