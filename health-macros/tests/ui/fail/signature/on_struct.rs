use health_core::health_check;

#[health_check(kind = "readiness")]
struct Database;

fn main() {}
