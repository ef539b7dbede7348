//! What is allowed in a function is allowed where its types are repeated.
#![deny(warnings)]

use health_core::{Health, State, health_check};

#[deprecated]
pub struct Old;

#[health_check(kind = "readiness")]
#[allow(deprecated)]
fn allowed(_: State<Old>) {}

#[expect(deprecated, reason = "the new one is not there yet")]
#[health_check(kind = "readiness")]
async fn expected(_: State<Old>) {}

/// An alias says more than its name.
mod alias {
    use health_core::health_check;

    type State = health_core::State<u8>;

    #[health_check(kind = "readiness")]
    async fn aliased(_: State, _: health_core::State<for<'a> fn(&'a u8) -> &'a u8>) {}
}

fn main() {
    #[allow(deprecated)]
    let old = Old;
    let same: for<'a> fn(&'a u8) -> &'a u8 = |number| number;
    let health = Health::builder().state(old).state(5_u8).state(same).build().unwrap();
    assert_eq!(health.checks().len(), 3);
}
