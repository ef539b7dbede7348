use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database(_pool: State<impl Send>, _other: (u8, Vec<impl Sync>)) {}

fn main() {}
