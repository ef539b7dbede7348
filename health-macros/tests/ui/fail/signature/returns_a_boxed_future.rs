use std::pin::Pin;

use health_core::health_check;

#[health_check(kind = "readiness")]
fn database() -> Pin<Box<dyn Future<Output = bool> + Send>> {
    Box::pin(std::future::ready(true))
}

fn main() {}
