//! What such a server is told.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Endpoint {
    None,
    Static,
    Health,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) endpoint: Endpoint,
    /// Each has a pool and a check; the application uses the pool of the first.
    pub(crate) dependencies: Vec<SocketAddr>,
    /// The dependency whose check blocks its thread.
    pub(crate) blocking: Option<usize>,
    /// How to connect with PostgreSQL, where it is there.
    pub(crate) postgres: Option<String>,
    pub(crate) timeout_ms: u64,
    pub(crate) cache_ms: u64,
}
