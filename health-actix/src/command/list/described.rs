//! What is said of each check, for machines: see the documentation of the command for what of it is
//! promised.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Probe, Visibility};
use serde::Serialize;

use crate::dialect::members::Members;

/// All there is to list.
#[derive(Debug, Serialize)]
pub(super) struct Listed<'a> {
    pub(super) checks: Vec<Described<'a>>,
    pub(super) closed_startup_gates: Vec<&'a str>,
}

impl<'a> Listed<'a> {
    pub(super) fn new(
        checks: &'a [Arc<Check>],
        disabled: &[String],
        gates: impl Iterator<Item = &'a str>,
    ) -> Self {
        let described = checks.iter().map(|check| {
            let is_disabled = disabled.iter().any(|name| name == check.name());
            Described::new(check, !is_disabled)
        });
        Self {
            checks: described.collect(),
            closed_startup_gates: gates.collect(),
        }
    }
}

/// One check. What may differ by probe is an object with the probes that it serves.
#[derive(Debug, Serialize)]
pub(super) struct Described<'a> {
    name: &'a str,
    pub(super) enabled: bool,
    probes: Vec<&'static str>,
    critical: Members<'static, bool>,
    timeout_ms: Members<'static, u64>,
    cache_ms: Members<'static, u64>,
    cache_failure_ms: Members<'static, u64>,
    cancel_after_ms: u64,
    degraded_after_ms: Option<u64>,
    interval_ms: Option<u64>,
    down_interval_ms: Option<u64>,
    initial_delay_ms: Option<u64>,
    jitter: Option<bool>,
    stale_after_ms: Option<u64>,
    failure_threshold: u32,
    success_threshold: u32,
    shared: bool,
    fail_closed_after_ms: Option<u64>,
    visibility: &'static str,
    depends_on: Vec<&'a str>,
    tags: Vec<&'a str>,
    description: &'a str,
    source: String,
    #[serde(skip)]
    pub(super) check: &'a Check,
}

impl<'a> Described<'a> {
    fn new(check: &'a Check, enabled: bool) -> Self {
        let interval = check.interval();
        Self {
            name: check.name(),
            enabled,
            probes: check.probes().iter().map(Probe::as_str).collect(),
            critical: by_probe(check, |probe| check.is_critical_for(probe)),
            timeout_ms: by_probe(check, |probe| ms(check.timeout_for(probe))),
            cache_ms: by_probe(check, |probe| ms(check.cache(probe))),
            cache_failure_ms: by_probe(check, |probe| ms(check.cache_failure(probe))),
            cancel_after_ms: ms(check.cancelled_after()),
            degraded_after_ms: check.degraded_after().map(ms),
            interval_ms: interval.map(ms),
            down_interval_ms: check.down_interval().map(ms),
            initial_delay_ms: interval.map(|_| ms(check.initial_delay())),
            jitter: interval.map(|_| check.jitters()),
            stale_after_ms: check.stale_after().map(ms),
            failure_threshold: check.failure_threshold(),
            success_threshold: check.success_threshold(),
            shared: check.is_shared(),
            fail_closed_after_ms: check.fail_closed_after().map(ms),
            visibility: visibility(check),
            depends_on: check.depends_on().collect(),
            tags: check.tags().collect(),
            description: check.description(),
            source: check.location().to_string(),
            check,
        }
    }
}

fn by_probe<T>(check: &Check, of: impl Fn(Probe) -> T) -> Members<'static, T> {
    let probes = check.probes().iter();
    Members(
        probes
            .map(|probe| (Cow::Borrowed(probe.as_str()), of(probe)))
            .collect(),
    )
}

fn visibility(check: &Check) -> &'static str {
    match check.visibility() {
        Visibility::Summary => "summary",
        _ => "full",
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
