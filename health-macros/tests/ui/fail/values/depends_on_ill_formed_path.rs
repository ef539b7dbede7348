use health_core::health_check;

#[health_check(kind = "readiness", depends_on = ["checks::", "a::9", "a:b"])]
async fn database() {}

fn main() {}
