use std::error::Error;

use health_core::health_check;

#[health_check(kind = "readiness")]
unsafe extern "C" fn database<T: Send>(_pool: &T, #[cfg(unix)] _other: impl Send) -> Result<(), Box<dyn Error>> {
    Ok(())
}

fn main() {}
