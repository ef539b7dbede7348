#![forbid(unsafe_code)]

use health::health_check;

#[health_check(kind = "readiness", crate = health)]
pub async fn queue() {}

mod private {
    use health::health_check;

    #[health_check(kind = "liveness", crate = health)]
    fn blocking() -> bool {
        true
    }

    pub(crate) mod nested {
        #[health::health_check(kind = "startup", crate = health)]
        async fn nested() {}
    }
}
