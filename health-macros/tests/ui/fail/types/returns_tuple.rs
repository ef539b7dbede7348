use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() -> (bool, String) {
    (true, String::new())
}

fn main() {}
