//! The wire formats for consumers of other kinds, each against its source, and as those consumers
//! read it.

mod any;
mod aspnet;
mod components;
mod default;
mod every;
mod ietf;
mod json;
mod kubernetes;
mod microprofile;
pub(crate) mod schema;
mod spring;
