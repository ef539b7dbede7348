use health_core::health_check;

#[health_check(kind = "readiness", description = "The database answers.")]
async fn database() {}

fn main() {}
