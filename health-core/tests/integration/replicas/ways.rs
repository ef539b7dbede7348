//! How instances ask, and how the platform asks them.

use std::time::Duration;

use health_core::{Check, IntoOutcome};

/// How often the platform asks, or the schedule: `periodSeconds`, `interval_ms`.
pub(super) const PERIOD: Duration = Duration::from_secs(10);

/// `timeoutSeconds`.
pub(super) const TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// There is no check.
    Never,
    /// When the platform asks.
    Asked,
    /// By schedules that began at the same time and vary by nothing.
    InStep,
    /// By schedules whose phases differ, as those that jitter come to.
    Spread,
}

#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) runs: Runs,
    pub(super) shared: bool,
    pub(super) fail_closed_after: Option<Duration>,
    /// `failureThreshold` of the platform.
    pub(super) failure_threshold: u32,
    /// `success_threshold` of the check.
    success_threshold: u32,
}

impl Way {
    pub(super) const ALL: [Self; 10] = [
        Self::new("no check", Runs::Never),
        Self::new("naive", Runs::Asked),
        Self::new("naive, thresholds", Runs::Asked).with_thresholds(),
        Self::new("naive, schedules in step", Runs::InStep),
        Self::new("naive, schedules with jitter", Runs::Spread),
        Self::new("`shared`", Runs::Asked).shared(),
        Self::new("`shared`, thresholds", Runs::Asked)
            .shared()
            .with_thresholds(),
        Self::new("`shared`, schedules in step", Runs::InStep).shared(),
        Self::new("`shared`, schedules with jitter", Runs::Spread).shared(),
        Self::new("`shared`, closed after 15 s", Runs::Asked)
            .shared()
            .closed_after(Duration::from_secs(15)),
    ];

    const fn new(name: &'static str, runs: Runs) -> Self {
        Self {
            name,
            runs,
            shared: false,
            fail_closed_after: None,
            failure_threshold: 1,
            success_threshold: 1,
        }
    }

    const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    const fn with_thresholds(mut self) -> Self {
        self.failure_threshold = 3;
        self.success_threshold = 2;
        self
    }

    const fn closed_after(mut self, after: Duration) -> Self {
        self.fail_closed_after = Some(after);
        self
    }

    /// The check of one instance, which has this phase.
    pub(super) fn check<F, Fut>(self, phase: Duration, ask: F) -> Check
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoOutcome> + Send + 'static,
    {
        let mut check = Check::new("dependency", ask)
            .readiness()
            .with_shared(self.shared)
            .with_success_threshold(self.success_threshold);
        if let Some(after) = self.fail_closed_after {
            check = check.with_fail_closed_after(after);
        }
        // An engine's own jitter differs from process to process; what it comes to is a phase.
        let begins = match self.runs {
            Runs::Never | Runs::Asked => return check,
            Runs::InStep => Duration::from_millis(33),
            Runs::Spread => phase,
        };
        check
            .with_interval(PERIOD)
            .with_jitter(false)
            .with_initial_delay(begins)
    }
}
