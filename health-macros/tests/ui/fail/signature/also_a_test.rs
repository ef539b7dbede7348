use health_core::health_check;

#[health_check(kind = "readiness")]
#[test]
fn database() {}

fn main() {}
