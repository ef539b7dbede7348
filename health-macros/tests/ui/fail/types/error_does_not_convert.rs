use std::error::Error;

use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() -> Result<(), Box<dyn Error>> {
    Ok(())
}

fn main() {}
