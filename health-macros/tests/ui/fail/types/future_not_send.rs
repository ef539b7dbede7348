use std::future::ready;
use std::rc::Rc;

use health_core::health_check;

#[health_check(kind = "readiness")]
async fn database() {
    let pool = Rc::new(5);
    ready(()).await;
    drop(pool);
}

fn main() {}
