use health_core::health_check;

#[health_check(name = "database", critical = false)]
async fn database() {}

fn main() {}
