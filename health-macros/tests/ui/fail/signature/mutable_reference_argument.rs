use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database(_pool: &mut u32, _name: &'static str) {}

fn main() {}
