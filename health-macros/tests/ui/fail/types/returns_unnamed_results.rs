use health_core::health_check;

#[health_check(kind = "readiness")]
async fn databases() -> Vec<bool> {
    Vec::new()
}

fn main() {}
