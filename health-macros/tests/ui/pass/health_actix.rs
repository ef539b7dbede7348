//! The attribute of health-actix, whose users need not name health-core.

#![no_implicit_prelude]
#![deny(warnings)]

use ::actix_web::web;
use ::health_actix::{Health, Outcome, State, health_check};

/// Not the crate.
mod health_core {}

/// The application's data.
#[health_check(kind = "readiness")]
async fn data(text: web::Data<::std::string::String>) -> bool {
    !text.is_empty()
}

#[health_check(kind = "readiness")]
fn both(_text: web::Data<::std::string::String>, _number: State<u32>) -> Outcome {
    Outcome::healthy()
}

#[health_check(kind = "readiness")]
fn unsized_data(
    _text: web::Data<dyn ::core::any::Any + ::core::marker::Send + ::core::marker::Sync>,
) {
}

/// A library may be served by either attribute.
#[::health_core::health_check(kind = "startup", crate = ::health_actix)]
async fn by_path() {}

fn main() {
    let health = Health::builder().state(5_u32).build().unwrap();
    ::std::assert_eq!(health.checks().len(), 4);
    health.ensure_standalone().unwrap_err();
}
