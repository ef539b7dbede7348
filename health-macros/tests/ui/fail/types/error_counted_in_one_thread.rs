use std::rc::Rc;

use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() -> Result<(), Rc<str>> {
    Ok(())
}

fn main() {}
