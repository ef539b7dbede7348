use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() -> Result<(), Box<dyn std::error::Error + Send>> {
    Ok(())
}

fn main() {}
