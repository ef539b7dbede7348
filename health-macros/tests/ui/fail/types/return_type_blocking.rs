use health_core::health_check;

#[health_check(kind = "readiness")]
fn database() -> u32 {
    5
}

fn main() {}
