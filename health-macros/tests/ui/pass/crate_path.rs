//! `crate = path`: the runtime crate by any name, from anywhere.

pub extern crate health_core as renamed;

use renamed::{Health, health_check};

/// What a facade does, so that its users need not depend on health-core.
pub mod facade {
    pub use renamed as inner;
}

/// Not the crate: only `crate = path` is to be looked at.
mod health_core {}

#[health_check(kind = "liveness", crate = renamed)]
async fn by_name() {}

#[health_check(kind = "liveness", crate = ::health_core)]
async fn by_absolute_path() {}

#[health_check(kind = "liveness", crate = facade::inner)]
async fn by_relative_path() {}

#[health_check(kind = "liveness", crate = crate::facade::inner)]
fn by_path_from_the_root() {}

#[health_check(kind = "liveness", crate = self::facade::inner)]
fn by_path_from_here() {}

mod nested {
    #[renamed::health_check(kind = "liveness", crate = super::facade::inner)]
    async fn by_path_from_above() {}

    pub(crate) fn in_a_body() {
        use renamed as local;

        #[local::health_check(kind = "liveness", crate = local)]
        async fn by_name_in_the_body() {}
    }
}

/// A macro of a library: `$crate` is the library.
macro_rules! exported {
    ($name:ident) => {
        #[$crate::facade::inner::health_check(kind = "liveness", crate = $crate::facade::inner)]
        async fn $name() {}
    };
}

exported!(by_the_crate_of_a_macro);

fn main() {
    nested::in_a_body();
    let health = Health::builder().build().unwrap();
    let checks = health.checks();
    let names: Vec<_> = checks.iter().map(|check| check.name()).collect();
    assert_eq!(
        names,
        [
            "by_absolute_path",
            "by_name",
            "by_name_in_the_body",
            "by_path_from_above",
            "by_path_from_here",
            "by_path_from_the_root",
            "by_relative_path",
            "by_the_crate_of_a_macro",
        ]
    );
}
