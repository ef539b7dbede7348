use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() -> Box<dyn std::error::Error> {
    "".into()
}

fn main() {}
