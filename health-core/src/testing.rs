//! For tests of your own checks: chosen checks, fakes, assertions, and time that you drive.
//!
//! Enable the feature `testing` in `[dev-dependencies]`.
//!
//! ```
//! use std::time::Duration;
//! use health_core::testing::{self, Assert};
//! use health_core::{Caller, Probe, State, health_check};
//!
//! struct Database { up: bool }
//!
//! /// The database answers.
//! #[health_check(kind = "readiness")]
//! async fn database(database: State<Database>) -> Result<(), &'static str> {
//!     if database.up { Ok(()) } else { Err("connection refused") }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), health_core::BuildError> {
//! // In a test with `#[tokio::test(start_paused = true)]`: the check alone, ...
//! let health = testing::builder()
//!     .annotated(["database"])
//!     .state(Database { up: false })
//!     .build()?;
//! testing::run(&health, "database").await.assert_unhealthy("connection refused");
//!
//! // ... a fake in its place, ...
//! let health = testing::builder()
//!     .annotated(["database"])
//!     .state(Database { up: true })
//!     .replace("database", async || std::future::pending::<()>().await)
//!     .build()?;
//! testing::run(&health, "database").await.assert_unhealthy("Timeout after 800ms");
//!
//! // ... and time as you please.
//! testing::advance(Duration::from_secs(10)).await;
//! # Ok(())
//! # }
//! ```

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use crate::{Caller, Child, Entry, Health, HealthBuilder, IntoOutcome, Outcome, Runtime, Status};

/// A builder without checks, on the runtime of the test and its clock.
///
/// # Panics
/// Outside a tokio runtime.
#[track_caller]
pub fn builder() -> HealthBuilder {
    HealthBuilder::empty().runtime(Runtime::current())
}

/// Asks one check, as `/health/checks/{name}` does.
///
/// # Panics
/// If there is no check of this name.
pub async fn run(health: &Health, check: &str) -> Entry {
    let Some(entry) = health.check(check, Caller::nobody()) else {
        let checks = health.checks();
        let names: Vec<_> = checks.iter().map(|check| check.name()).collect();
        panic!(
            "there is no check `{check}`; there are: {}",
            names.join(", ")
        );
    };
    entry.await
}

/// Lets this much time go by on a clock that is paused; what is due meanwhile happens in its
/// order, also while a function blocks.
///
/// # Panics
/// Where tokio's clock is not paused.
pub async fn advance(time: Duration) {
    let step = (time / 1000).max(Duration::from_millis(1));
    let mut left = time;
    settle().await;
    while !left.is_zero() {
        let now = step.min(left);
        tokio::time::advance(now).await;
        settle().await;
        left -= now;
    }
}

/// Moves a clock that is paused as if the process had been suspended: all at once, before
/// anything that is due can happen.
///
/// # Panics
/// Where tokio's clock is not paused.
pub fn suspend(time: Duration) {
    let advance = pin!(tokio::time::advance(time));
    let _ = advance.poll(&mut Context::from_waker(Waker::noop()));
}

/// Lets everything happen that can happen now.
async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// Assertions on what a check found.
pub trait Assert {
    /// It is healthy.
    fn assert_healthy(&self);

    /// It is degraded, and its message contains this text.
    fn assert_degraded(&self, text: &str);

    /// It is unhealthy, and its message or error contains this text.
    fn assert_unhealthy(&self, text: &str);

    /// The child of this name, to assert something of it:
    /// `entry.child("shard_3").assert_unhealthy("refused")`.
    ///
    /// # Panics
    /// If there is none.
    fn child(&self, name: &str) -> Found;
}

impl Assert for Entry {
    #[track_caller]
    fn assert_healthy(&self) {
        found(self).assert(Status::Healthy, "");
    }

    #[track_caller]
    fn assert_degraded(&self, text: &str) {
        found(self).assert(Status::Degraded, text);
    }

    #[track_caller]
    fn assert_unhealthy(&self, text: &str) {
        found(self).assert(Status::Unhealthy, text);
    }

    #[track_caller]
    fn child(&self, name: &str) -> Found {
        let children = self
            .children()
            .map(|child| (child.name(), found_child(child)));
        child_of(&format!("check `{}`", self.name()), children, name)
    }
}

impl Assert for Outcome {
    #[track_caller]
    fn assert_healthy(&self) {
        returned(self).assert(Status::Healthy, "");
    }

    #[track_caller]
    fn assert_degraded(&self, text: &str) {
        returned(self).assert(Status::Degraded, text);
    }

    #[track_caller]
    fn assert_unhealthy(&self, text: &str) {
        returned(self).assert(Status::Unhealthy, text);
    }

    #[track_caller]
    fn child(&self, name: &str) -> Found {
        let children = self.children().map(|(name, child)| (name, returned(child)));
        child_of("the outcome", children, name)
    }
}

impl Assert for Found {
    #[track_caller]
    fn assert_healthy(&self) {
        self.assert(Status::Healthy, "");
    }

    #[track_caller]
    fn assert_degraded(&self, text: &str) {
        self.assert(Status::Degraded, text);
    }

    #[track_caller]
    fn assert_unhealthy(&self, text: &str) {
        self.assert(Status::Unhealthy, text);
    }

    /// Always panics: no child has children of its own.
    #[track_caller]
    fn child(&self, name: &str) -> Found {
        child_of(&self.who, std::iter::empty(), name)
    }
}

/// The outcome of an annotated function that a test calls itself, whatever it returns.
pub fn outcome_of(returned: impl IntoOutcome) -> Outcome {
    returned.into_outcome()
}

/// What was found of a child, of which something is to be asserted.
#[derive(Debug)]
pub struct Found {
    who: String,
    status: Status,
    texts: Vec<String>,
}

fn found(entry: &Entry) -> Found {
    let texts = entry.message().into_iter().chain(entry.error());
    Found {
        who: format!("check `{}`", entry.name()),
        status: entry.status(),
        texts: texts.map(str::to_owned).collect(),
    }
}

fn found_child(child: Child<'_>) -> Found {
    let texts = child.message().into_iter().chain(child.error());
    Found {
        who: String::new(),
        status: child.status(),
        texts: texts.map(str::to_owned).collect(),
    }
}

#[track_caller]
fn child_of<'a>(
    parent: &str,
    children: impl Iterator<Item = (&'a str, Found)>,
    name: &str,
) -> Found {
    let mut names = Vec::new();
    for (other, mut child) in children {
        if other == name {
            child.who = format!("child `{name}` of {parent}");
            return child;
        }
        names.push(other);
    }
    panic!(
        "{parent} has no child `{name}`; it has: {}",
        names.join(", ")
    );
}

fn returned(outcome: &Outcome) -> Found {
    let message = outcome.message().map(str::to_owned);
    let error = outcome.error().map(ToString::to_string);
    Found {
        who: "the outcome".to_owned(),
        status: outcome.status(),
        texts: message.into_iter().chain(error).collect(),
    }
}

impl Found {
    #[track_caller]
    fn assert(&self, status: Status, text: &str) {
        let Self { who, texts, .. } = self;
        let said = texts.iter().any(|said| said.contains(text));
        let all = if texts.is_empty() {
            "nothing".to_owned()
        } else {
            format!("`{}`", texts.join("` and `"))
        };
        assert!(
            self.status == status,
            "{who} should be {status}, but is {}, saying {all}",
            self.status
        );
        assert!(
            text.is_empty() || said,
            "{who} is {status}, but should say `{text}`; it says {all}"
        );
    }
}
