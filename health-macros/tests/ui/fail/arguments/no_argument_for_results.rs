use health_core::health_check;

#[health_check(kind = "readiness", message = "the database is down")]
async fn database() {}

fn main() {}
