use health_core::health_check;

#[health_check(kind = "readiness")]
#[tokio::main(flavor = "current_thread")]
async fn database() {}

fn main() {}
