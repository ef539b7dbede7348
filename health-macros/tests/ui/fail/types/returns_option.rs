use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() -> Option<bool> {
    None
}

fn main() {}
