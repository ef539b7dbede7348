//! One binary, since annotated functions are registered per binary: see `annotated`.
#![allow(clippy::unwrap_used, reason = "tests")]

mod annotated;
mod binding;
mod engine;
mod lifecycle;
mod log;
mod registry;
mod support;
mod threads;
