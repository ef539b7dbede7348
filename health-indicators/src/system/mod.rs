//! Memory, CPU, file descriptors and threads, as shares of what the container may have.
//!
//! What is measured is what the kernel enforces: the limit of the control group (version 2 or 1)
//! that is nearest to being reached, among those of the container and of all groups that it lies
//! in; where none has a limit, what the host has.
//!
//! ```
//! use health_core::HealthBuilder;
//! use health_indicators::system::{cpu, descriptors, memory, pressure, threads};
//!
//! let health = HealthBuilder::empty()
//!     .check(memory::check().readiness())
//!     .check(descriptors::check().liveness())
//!     .check(threads::check().liveness())
//!     .check(cpu::check().readiness())
//!     .check(pressure::check().readiness())
//!     .build()?;
//! # Ok::<(), health_core::BuildError>(())
//! ```
//!
//! **Limits.** Memory, descriptors and threads are degraded from 85 % and unhealthy from 95 %. At
//! 95 % the next requests may be those that get the process killed, or that find no descriptor;
//! the ten points before that are the time to look. Each can be changed; a limit that is never
//! reached, such as `f64::INFINITY`, is none.
//!
//! **Leaks.** They ask nothing outside of the process, so they may serve liveness: descriptors and
//! threads that leak are repaired by a restart, and so is memory. Give memory a
//! [failure threshold](health_core::Check::with_failure_threshold) there, lest a peak restart it:
//! `memory::check().liveness().with_failure_threshold(6)`. Where only the host limits memory, what
//! is measured is the use of all its processes, and a restart may repair nothing: keep it out of
//! liveness there.
//!
//! **Elsewhere than on Linux,** and where the kernel does not tell, the checks are healthy with the
//! message `not known on this system`: an application that is developed on one system and deployed
//! on another is ready on both. To insist, look at the measured values, which are then not there.
//!
//! Files below `/proc` and `/sys` are read, 4 MiB of each at most; that takes microseconds and
//! waits for nobody.

mod files;
mod group;
mod parse;
mod share;

pub mod cpu;
pub mod descriptors;
pub mod memory;
pub mod pressure;
pub mod threads;

use std::time::Duration;

use health_core::{Check, Outcome, Status};

#[cfg(test)]
mod fixture;

/// How long a run of any of these may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// A check that reads files of the kernel.
#[track_caller]
fn check(name: &'static str, look: impl Fn() -> Outcome + Send + Sync + 'static) -> Check {
    let look = move || {
        let outcome = look();
        async move { outcome }
    };
    Check::new(name, look).with_timeout(TIMEOUT)
}

fn not_known() -> Outcome {
    Outcome::new(Status::Healthy).with_message("not known on this system")
}
