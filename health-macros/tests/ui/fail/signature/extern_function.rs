use health_core::health_check;

#[health_check(kind = "readiness")]
extern "C" fn database() {}

fn main() {}
