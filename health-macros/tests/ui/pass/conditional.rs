//! A check that is not compiled is not registered either.

use health_core::{Health, health_check};

#[cfg(any())]
#[health_check(kind = "readiness")]
async fn gone_by_above() -> Nonsense {}

#[health_check(kind = "readiness")]
#[cfg(any())]
async fn gone_by_below() -> Nonsense {}

#[health_check(kind = "readiness")]
#[cfg(all())]
#[cfg(any())]
fn gone_by_the_second() -> Nonsense {}

#[health_check(kind = "readiness")]
#[cfg_attr(all(), cfg(any()))]
async fn gone_by_attribute() -> Nonsense {}

#[cfg_attr(all(), cfg(any()))]
#[health_check(kind = "readiness")]
async fn gone_by_attribute_above() -> Nonsense {}

#[cfg(any())]
mod gone {
    #[health_check(kind = "readiness")]
    async fn with_its_module() -> Nonsense {}
}

#[cfg(all())]
#[health_check(kind = "readiness")]
#[cfg(not(any()))]
async fn here() {}

#[cfg_attr(all(), health_check(kind = "readiness"))]
async fn here_by_attribute() {}

#[cfg_attr(any(), health_check(kind = "readiness"))]
#[expect(dead_code)]
async fn no_check() {}

/// One of the two is there, so the name may be the same.
#[health_check(kind = "readiness")]
#[cfg(debug_assertions)]
fn either() {}

/// One of the two is there, so the name may be the same.
#[health_check(kind = "readiness")]
#[cfg(not(debug_assertions))]
fn either() {}

fn main() {
    let health = Health::builder().build().unwrap();
    let checks = health.checks();
    let names: Vec<_> = checks.iter().map(|check| check.name()).collect();
    assert_eq!(names, ["either", "here", "here_by_attribute"]);
}
