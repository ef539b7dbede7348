//! The numbers that platforms are told, computed from the registered checks: what manifests print,
//! and what lints compare with.

mod notice;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use health_core::{Check, Probe};

pub(crate) use self::notice::Notice;
use crate::HealthService;

/// What of a process' life its checks cannot say.
#[derive(Args, Clone, Debug)]
pub(crate) struct Budget {
    /// How long the slowest start may take
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub(crate) startup: Duration,
    /// How long the service goes on serving after SIGTERM: what `Health::drain` was given
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(crate) drain: Duration,
    /// How long requests in flight may take then: what `HttpServer::shutdown_timeout` was given
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) shutdown: Duration,
}

/// What platforms are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) liveness: ProbePlan,
    pub(crate) readiness: ProbePlan,
    pub(crate) startup: ProbePlan,
    /// How long the process has between the signal and being killed: drain, shutdown, and 5 s.
    pub(crate) grace_seconds: u64,
    /// How long it goes on serving after the signal; may be zero.
    pub(crate) drain_seconds: u64,
    /// How long requests in flight may take then; may be zero.
    pub(crate) shutdown_seconds: u64,
}

/// What platforms are told of a probe. Times are whole seconds, as they are on all platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProbePlan {
    /// The literal path, none if no dialect answers the probe.
    pub(crate) path: Option<String>,
    /// How many checks serve it that are not disabled.
    pub(crate) checks: usize,
    /// Within which it answers, whatever its checks do.
    pub(crate) answers_within: Duration,
    pub(crate) timeout_seconds: u64,
    pub(crate) period_seconds: u64,
    pub(crate) failure_threshold: u64,
    pub(crate) success_threshold: u64,
    /// The check whose outage is noticed last, and when; none if no check fails the probe.
    pub(crate) notice: Option<Notice>,
}

/// What a balancer that asks readiness by itself is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Polling {
    pub(crate) interval_seconds: u64,
    pub(crate) fall: u64,
    pub(crate) rise: u64,
}

/// What an answer may take beyond the engine's own time, on its way and back.
const MARGIN: Duration = Duration::from_millis(200);

/// What a process is given beyond drain and shutdown.
const SPARE_SECONDS: u64 = 5;

/// The usual periods, and up to which they are lengthened where results are kept for longer.
const LIVENESS: (u64, u64) = (10, 60);
const READINESS: (u64, u64) = (5, 10);
const STARTUP: (u64, u64) = (5, 5);

impl Plan {
    pub(crate) fn of(service: &HealthService, budget: &Budget) -> Self {
        let (drain_seconds, shutdown_seconds) = (seconds(budget.drain), seconds(budget.shutdown));
        let readiness = ProbePlan::of(service, Probe::Readiness, 2);
        // Liveness restarts, so it waits for much longer than readiness, which only turns away.
        let least = 2 * readiness.window_seconds();
        let liveness = ProbePlan::of(service, Probe::Liveness, 3).lasting_at_least(least);
        // The first failure may come at once: only what lies between two of them is waited for.
        let startup = ProbePlan::of(service, Probe::Startup, 1);
        let slowest = whole_seconds(budget.startup) + startup.period_seconds;
        Self {
            liveness,
            readiness,
            startup: startup.lasting_at_least(slowest),
            grace_seconds: drain_seconds + shutdown_seconds + SPARE_SECONDS,
            drain_seconds,
            shutdown_seconds,
        }
    }

    pub(crate) const fn probe(&self, probe: Probe) -> &ProbePlan {
        match probe {
            Probe::Liveness => &self.liveness,
            Probe::Readiness => &self.readiness,
            Probe::Startup => &self.startup,
        }
    }

    /// Often enough to notice that the process drains while it still serves, where that lasts for
    /// two seconds or longer. Who drains is told so at once, whatever the checks do.
    pub(crate) fn polling(&self) -> Polling {
        let fall = self.readiness.failure_threshold;
        let interval = self.drain_seconds / fall.max(1);
        Polling {
            interval_seconds: interval.clamp(1, self.readiness.period_seconds.max(1)),
            fall,
            rise: 2,
        }
    }
}

impl Polling {
    /// How long it takes at most until a process that drains is sent nothing more.
    pub(crate) const fn notices_within(self) -> u64 {
        self.interval_seconds * self.fall
    }
}

impl ProbePlan {
    fn of(service: &HealthService, probe: Probe, failure_threshold: u64) -> Self {
        let health = service.health();
        let answers_within = health.longest(probe);
        let timeout_seconds = whole_seconds(answers_within + MARGIN);
        let checks = checks_of(service, probe);
        let mut plan = Self {
            path: service.path_of(probe),
            checks: checks.iter().filter(|c| c.probes().contains(probe)).count(),
            answers_within,
            timeout_seconds,
            // The next one is not asked before the last has answered.
            period_seconds: period(&checks, probe).max(timeout_seconds),
            failure_threshold,
            success_threshold: 1,
            notice: None,
        };
        plan.notice = Notice::last(&checks, probe, &plan);
        plan
    }

    /// How long it may fail at most until it counts.
    pub(crate) const fn window_seconds(&self) -> u64 {
        self.period_seconds * self.failure_threshold
    }

    /// How long it may fail at least until it counts: the first failure may come at once.
    pub(crate) const fn patience_seconds(&self) -> u64 {
        self.period_seconds * self.failure_threshold.saturating_sub(1)
    }

    /// Allows for more failures until they last this long.
    fn lasting_at_least(self, seconds: u64) -> Self {
        let failures = seconds.div_ceil(self.period_seconds);
        let failure_threshold = self.failure_threshold.max(failures);
        let more = (failure_threshold - self.failure_threshold) * self.period_seconds;
        Self {
            failure_threshold,
            notice: self.notice.map(|notice| notice.later_by(more)),
            ..self
        }
    }

    /// As patient with fewer failures, further apart: as few as these, of which there are two or
    /// more, if the period may be so long, else more.
    pub(crate) fn with_at_most(&self, failures: u64, longest_period: u64) -> Self {
        let patience = self.patience_seconds();
        let timeout_seconds = self.timeout_seconds.min(longest_period);
        let period = patience.div_ceil(failures - 1).max(self.period_seconds);
        let period_seconds = period.min(longest_period);
        Self {
            timeout_seconds,
            period_seconds,
            failure_threshold: patience.div_ceil(period_seconds) + 1,
            ..self.clone()
        }
    }
}

/// The checks that a probe asks, without those that are disabled.
fn checks_of(service: &HealthService, probe: Probe) -> Vec<Arc<Check>> {
    let health = service.health();
    let disabled = health.disabled();
    let mut checks = health.checks();
    checks.retain(|check| check.concerns(probe) && !disabled.iter().any(|d| d == check.name()));
    checks
}

/// Asked again before there can be news, one failed run would count several times. That must not
/// restart a process; and readiness, which turns away after one, learns nothing from it.
fn period(checks: &[Arc<Check>], probe: Probe) -> u64 {
    let counting = notice::counting(checks, probe);
    let news = counting.map(|check| notice::news_after(check, probe));
    let ((usual, longest), news) = match probe {
        Probe::Liveness => (LIVENESS, news.max()),
        Probe::Readiness => (READINESS, news.min()),
        Probe::Startup => (STARTUP, None),
    };
    seconds(news.unwrap_or_default()).clamp(usual, longest)
}

/// At least one, rounded up.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    seconds(duration).max(1)
}

/// Rounded up.
pub(crate) fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Reads `90s` or `1m 30s`, at most a day.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|e| format!("{e}; write a number and its unit, as in `90s` or `1m 30s`"))?;
    if duration > Duration::from_secs(24 * 60 * 60) {
        return Err("that is more than a day".to_owned());
    }
    Ok(duration)
}
