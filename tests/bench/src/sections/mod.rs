//! What is measured: a file for each section.

mod dependencies;
mod engine;
mod footprint;
mod http;
mod peers;
mod report;
mod storms;

use crate::Result;
use crate::bench::Bench;

/// A part of the table.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Whether it is a part of a quick run; one that is not can be asked for by its name.
    pub(crate) is_quick: bool,
    pub(crate) run: fn(&mut Bench) -> Result,
}

/// In the order of the table.
pub(crate) const SECTIONS: &[Section] = &[
    http::SECTION,
    dependencies::SECTION,
    engine::SECTION,
    report::SECTION,
    footprint::SECTION,
    peers::SECTION,
    storms::PROBES,
    storms::ROUTES,
    storms::IDLE,
];
