use health_core::health_check;

#[health_check(kind = "readiness")]
fn database() -> Result<Vec<(String, Result<bool, Box<dyn core::error::Error + Sync + 'static>>)>, String> {
    Ok(Vec::new())
}

fn main() {}
