use health_core::health_check;

#[health_check(kind = "readiness")]
fn database() -> &bool {
    &true
}

fn main() {}
