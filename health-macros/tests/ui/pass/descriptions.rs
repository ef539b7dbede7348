//! The doc comment becomes the description.

use health_core::{Health, health_check};

/// One line.
#[health_check(kind = "readiness")]
async fn a_line() {}

#[health_check(kind = "readiness")]
/// Below the attribute.
async fn below() {}

/// Above
#[health_check(kind = "readiness")]
/// and below.
async fn both() {}

/// Several lines, `code` and "quotes":
///
///     indented
///
/// - a list
///   that goes on
///
#[health_check(kind = "readiness")]
fn several() {}

#[doc = "By attribute."]
#[doc(alias = "ignored")]
#[health_check(kind = "readiness")]
fn by_attribute() {}

/** In a block. */
#[health_check(kind = "readiness")]
fn in_a_block() {}

#[cfg_attr(all(), doc = "On a condition.")]
#[health_check(kind = "readiness")]
fn on_a_condition() {}

// No doc comment.
#[health_check(kind = "readiness")]
fn none() {
    //! Inside the body.
}

fn main() {
    let health = Health::builder().build().unwrap();
    let checks = health.checks();
    let found: Vec<_> = checks.iter().map(|c| (c.name(), c.description())).collect();
    assert_eq!(
        found,
        [
            ("a_line", "One line."),
            ("below", "Below the attribute."),
            ("both", "Above\nand below."),
            ("by_attribute", "By attribute."),
            ("in_a_block", "In a block."),
            ("none", ""),
            ("on_a_condition", "On a condition."),
            (
                "several",
                "Several lines, `code` and \"quotes\":\n\n    indented\n\n- a list\n  that goes on"
            ),
        ]
    );
}
