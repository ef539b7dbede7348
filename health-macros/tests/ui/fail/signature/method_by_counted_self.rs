use std::sync::Arc;

use health_core::health_check;

pub struct Pool;

impl Pool {
    #[health_check(kind = "readiness")]
    pub async fn database(self: Arc<Self>, _other: &str) {}
}

fn main() {}
