//! How much time the run that is under way on this thread still has.

use std::time::Duration;

use tokio::time::Instant;

use crate::here;

/// How long the check that calls this may still take: until the longest of its timeouts, counted
/// from when it was asked for. None outside of a run, also in a task or thread that a check
/// started.
///
/// A check that takes several steps can so bound each of them, and say itself which one took too
/// long; or pass on to a server until when its answer is of use.
///
/// ```
/// use std::time::Duration;
/// use health_core::{Outcome, time_left};
/// # async fn connect() {}
///
/// async fn broker() -> Outcome {
///     let time = time_left().unwrap_or(Duration::from_secs(1)) / 2;
///     match tokio::time::timeout(time, connect()).await {
///         Ok(()) => Outcome::healthy(),
///         Err(_) => Outcome::unhealthy(format!("not connected within {} ms", time.as_millis())),
///     }
/// }
/// ```
pub fn time_left() -> Option<Duration> {
    let deadline = here::ask(|here| here.deadline)?;
    Some(deadline.saturating_duration_since(Instant::now()))
}
