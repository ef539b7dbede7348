use health_core::health_check;

#[health_check(kind = "readiness")]
pub static DATABASE: u8 = 5;

fn main() {}
