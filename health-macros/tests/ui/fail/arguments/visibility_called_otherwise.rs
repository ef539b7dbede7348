use health_core::health_check;

#[health_check(kind = "readiness", hidden = true, private, public = false, show_details = "always")]
async fn database() {}

fn main() {}
