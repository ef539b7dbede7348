//! Signatures that look like a mistake and are none.

#![allow(unused_mut, unused_parens)]

use std::error::Error;
use std::sync::Arc;

use health_core::{Caller, Health, IntoOutcome, Outcome, State, Status, health_check};

type BoxError = Box<dyn Error + Send + Sync>;

type Ping = dyn Fn() -> bool + Send + Sync;

#[rustfmt::skip]
#[health_check(r#kind = "readiness", timeout_ms = 1_000, cache_ms = 0x10, tags = [],)]
pub(crate) fn written_otherwise() -> (bool) { true }

#[health_check(kind = "readiness")]
async fn trait_objects(ping: State<Box<Ping>>, other: State<Arc<dyn Fn() -> bool + Sync + Send>>) -> bool {
    ping() && other()
}

#[health_check(kind = "readiness")]
fn elided(text: State<&str>) -> bool {
    *text == "borrowed"
}

#[inline(never)]
#[health_check(kind = "readiness")]
#[must_use]
async fn attributes(#[allow(unused)] #[cfg_attr(any(), cfg(any()))] mut text: State<&'static str>) -> bool {
    true
}

#[health_check(kind = "readiness")]
async fn errors_in_another_order() -> Result<(), Box<dyn Sync + Error + Send + 'static>> {
    Ok(())
}

#[health_check(kind = "readiness")]
async fn error_of_core() -> std::result::Result<(), std::boxed::Box<dyn core::error::Error + Send + Sync>> {
    Ok(())
}

#[health_check(kind = "readiness")]
fn error_by_alias() -> Result<Vec<(String, Result<bool, BoxError>)>, BoxError> {
    Ok(Vec::new())
}

#[health_check(kind = "readiness")]
fn counted_error() -> Result<(), Arc<dyn Error + Send + Sync>> {
    Ok(())
}

#[health_check(kind = "readiness")]
async fn opaque_inside() -> Result<impl IntoOutcome, BoxError> {
    Ok(Status::Healthy)
}

struct Own<E>(E);

impl IntoOutcome for Own<Box<dyn Error>> {
    fn into_outcome(self) -> Outcome {
        Outcome::healthy().with_data("error", self.0.to_string())
    }
}

#[health_check(kind = "readiness")]
fn error_that_is_told() -> Own<Box<dyn Error>> {
    Own("five".into())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let ping: Box<Ping> = Box::new(|| true);
    let other: Arc<dyn Fn() -> bool + Sync + Send> = Arc::new(|| true);
    let health = Health::builder().state(ping).state(other).state("borrowed").build().unwrap();
    let checks = health.checks();
    assert_eq!(checks.len(), 10);
    for check in checks.iter() {
        let entry = health.check(check.name(), Caller::nobody()).unwrap().await;
        assert_eq!(entry.status(), Status::Healthy, "{}", check.name());
    }
}
