//! What clients do that mean ill, or know no better. Whatever comes in, nothing panics, memory is
//! bounded, and the probes of others are answered meanwhile.

mod attack;
mod connections;
mod http2;
mod requests;
mod victim;

use std::time::Duration;

/// Nothing that is waited for here takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// So does a prober of others, at the latest ...
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// ... and mostly after this, as a kubelet does.
const USUAL_PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the head of a request may take, where that matters.
const HEAD_TIMEOUT: Duration = Duration::from_secs(2);

/// Checks that are fine; `slow` and `broken` are further ones.
const CHECKS: [&str; 2] = ["cache", "database"];

/// In the private error of a check that fails.
const SECRET: &str = "s3cret-of-the-check";
