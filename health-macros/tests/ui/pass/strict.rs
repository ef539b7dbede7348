//! What is generated breaks no lint, however strict the crate is.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]
#![deny(future_incompatible, let_underscore, nonstandard_style, refining_impl_trait)]
#![deny(rust_2018_idioms, rust_2021_compatibility, rust_2024_compatibility, unused)]
#![deny(
    dead_code,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_copy_implementations,
    missing_debug_implementations,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use health_core::{Health, Outcome, State, health_check};

/// Public, as in a library.
pub mod checks {
    use health_core::{State, health_check};

    /// Waits.
    #[health_check(kind = "readiness", tags = ["tag"], cache_ms = 5, critical = false)]
    pub async fn public(_number: State<u32>, _text: State<String>) -> Result<(), std::io::Error> {
        Ok(())
    }
}

// Nothing else uses these: the check alone keeps them from being dead code.

#[health_check(kind = "readiness")]
async fn private() {}

#[health_check(kind = ["liveness", "startup"])]
fn private_and_blocking(number: State<u32>) -> Outcome {
    Outcome::healthy().with_data("number", *number)
}

#[must_use]
#[inline]
#[health_check(kind = "liveness")]
fn with_attributes() -> bool {
    true
}

#[health_check(kind = "liveness")]
#[allow(non_snake_case, unused_variables)]
async fn withAllowances(number: State<u32>) {}

fn main() {
    let health = Health::builder().state(5_u32).state(String::new()).build();
    assert_eq!(health.map(|health| health.checks().len()), Ok(5));
}
