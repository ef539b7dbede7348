//! A library that depends on health-core alone and contributes checks to whoever links it.

use health_core::{Outcome, health_check};

/// The contributed queue accepts messages.
#[health_check(kind = "readiness", tags = ["contributed"])]
pub async fn contributed_queue() -> Outcome {
    Outcome::healthy().with_data("depth", 3)
}

mod private {
    use health_core::health_check;

    /// Found although its module is private.
    #[health_check(kind = ["liveness", "startup"], critical = false)]
    fn contributed_blocking() -> bool {
        true
    }
}
