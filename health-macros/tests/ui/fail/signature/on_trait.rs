use health_core::health_check;

#[health_check(kind = "readiness")]
trait Database {}

fn main() {}
