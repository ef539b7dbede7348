use health_core::health_check;

#[health_check(kind = "readiness")]
type Database = u8;

fn main() {}
