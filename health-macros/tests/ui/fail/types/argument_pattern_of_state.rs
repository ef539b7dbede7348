use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database(State(pool): State<u32>) -> bool {
    *pool == 5
}

fn main() {}
