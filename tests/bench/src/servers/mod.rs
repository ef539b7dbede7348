//! The servers that are compared, each a process of its own.

mod by_hand;
mod clients;
mod dependencies;
mod fixed;
mod own_route;
pub(crate) mod storm;
mod ten_checks;

use crate::Result;
use crate::server::Serve;

/// A server that `serve NAME` runs.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Serve) -> Result,
}

pub(crate) const SERVERS: &[Kind] = &[
    fixed::KIND,
    own_route::KIND,
    ten_checks::ALIVE,
    ten_checks::KIND,
    dependencies::KIND,
    by_hand::KIND,
    storm::KIND,
];
