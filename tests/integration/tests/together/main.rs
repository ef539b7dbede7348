//! An application with annotated functions of its own and of a library.
#![allow(clippy::unwrap_used, reason = "tests")]

mod client;
mod minimum_rust;
mod one_line;
mod secrets;

// Names the library, or else the linker would drop it with all its checks.
use contributor as _;
