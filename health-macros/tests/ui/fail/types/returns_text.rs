use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() -> &'static str {
    "up"
}

fn main() {}
