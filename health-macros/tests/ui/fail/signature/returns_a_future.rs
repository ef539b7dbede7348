use health_core::health_check;

#[health_check(kind = "readiness")]
fn database() -> impl Future<Output = Result<(), String>> {
    std::future::ready(Ok(()))
}

fn main() {}
