use health_core::health_check;

#[health_check(kind = "readiness", depends_on = [my_crate::checks::network, dns])]
async fn database() {}

fn main() {}
