//! Names `checks`, and has all of its checks.

use checks as _;
use health_core::{BuildError, Health};

fn main() -> Result<(), BuildError> {
    for check in Health::builder().build()?.checks() {
        println!("{}", check.name());
    }
    Ok(())
}
