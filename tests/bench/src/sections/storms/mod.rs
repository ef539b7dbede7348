//! Storms of probes: what the checks' dependencies, those who probe, and the application see of them.

mod idle;
mod probes;
mod routes;
mod service;

use super::Section;
use crate::storm::limit::raise_descriptors;

/// Who probes, and what it costs the dependencies.
pub(crate) const PROBES: Section = Section {
    name: "storms",
    about: "many probes at once, and dependencies that freeze",
    is_quick: true,
    run: |bench| probes::run(bench, many()),
};

/// What the application has of it.
pub(crate) const ROUTES: Section = Section {
    name: "storms-routes",
    about: "the application's own routes meanwhile",
    is_quick: true,
    run: |bench| routes::run(bench, many()),
};

/// What probes have of the application.
pub(crate) const IDLE: Section = Section {
    name: "storms-idle",
    about: "the management port beside slow connections of the application",
    is_quick: true,
    run: idle::run,
};

/// How many probe at once: 10,000, if a process may have so many connections.
fn many() -> usize {
    raise_descriptors().min(10_000)
}
