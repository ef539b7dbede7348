use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() -> impl Future<Output = bool> {
    std::future::ready(true)
}

fn main() {}
