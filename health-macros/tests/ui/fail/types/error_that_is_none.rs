use health_core::health_check;

pub struct Failure;

#[health_check(kind = "readiness")]
async fn checked() -> Result<(), Failure> {
    Ok(())
}

fn main() {}
