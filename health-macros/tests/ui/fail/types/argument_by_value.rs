use health_core::health_check;

pub struct Pool;

#[health_check(kind = "readiness")]
async fn database(_pool: Pool) {}

fn main() {}
