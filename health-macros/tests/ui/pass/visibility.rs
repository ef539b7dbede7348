//! Who is told of a check.

use health_core::{Health, Visibility, health_check};

#[health_check(kind = "readiness", visibility = "full")]
async fn hidden() {}

#[health_check(kind = "readiness", visibility = r"summary")]
async fn shown() {}

#[health_check(kind = "readiness")]
async fn unsaid() {}

fn main() {
    let health = Health::builder().build().unwrap();
    let checks = health.checks();
    let found: Vec<_> = checks
        .iter()
        .map(|check| (check.name(), check.visibility()))
        .collect();
    assert_eq!(
        found,
        [
            ("hidden", Visibility::Full),
            ("shown", Visibility::Summary),
            ("unsaid", Visibility::Summary),
        ]
    );
}
