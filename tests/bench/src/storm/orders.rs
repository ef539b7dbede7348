//! What a storm is told to do.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Who asks what, and whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Crowd {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) connections: usize,
}

/// When each connection asks again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Pace {
    /// As soon as it was answered.
    AtOnce,
    /// At this interval, the connections spread evenly over it.
    Every(Duration),
}

/// How long, and how.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) time: Duration,
    pub(crate) pace: Pace,
    /// An answer that takes longer is late.
    pub(crate) limit: Duration,
}

/// A line of what the process reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Order {
    Gather(Crowd),
    Run(Run),
}
