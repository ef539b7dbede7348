//! Defects that a review has proved, each with a test that failed before it was mended.

mod callers;
mod limit;
mod prerequisites;
mod spans;
mod start;
mod told;

use std::time::Duration;

use health_core::{Report, Status};
use tokio::task::yield_now;
use tokio::time::advance;

use crate::support::ms;

/// How long real threads may take before a test takes them for stuck.
const PATIENCE: Duration = Duration::from_secs(5);

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets time go by that stands still because a thread blocks.
async fn go_by(time: Duration) {
    const STEP: Duration = ms(100);
    for _ in 0..time.as_millis() / STEP.as_millis() {
        advance(STEP).await;
        settle().await;
    }
}

/// Lets the tasks do what they can do without time.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// What each check was found to be, by name.
fn statuses(report: &Report) -> Vec<(&str, Status)> {
    let entries = report.entries().iter();
    let mut found: Vec<_> = entries.map(|e| (e.name(), e.status())).collect();
    found.sort_by_key(|(name, _)| *name);
    found
}
