use health_core::health_check;

#[health_check(kind = "readiness")]
pub enum Database {}

fn main() {}
