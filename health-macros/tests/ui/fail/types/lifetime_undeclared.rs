use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database(_url: State<&'a str>) {}

#[health_check(kind = "readiness")]
fn queue() -> Result<(), &'b str> {
    Ok(())
}

fn main() {}
