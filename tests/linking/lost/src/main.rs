//! Depends on `checks` but never names it, so the linker drops it.

use health_core::{BuildError, Health};

fn main() -> Result<(), BuildError> {
    for check in Health::builder().build()?.checks() {
        println!("{}", check.name());
    }
    Ok(())
}
