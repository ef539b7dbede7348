//! What the page is told of one check.

use std::borrow::Cow;
use std::ops::Not;

use health_core::{Entry, History, Override, Probe, Reason, Value};
use serde::Serialize;

use super::time::{ms, span};
use crate::dialect::members::Members;
use crate::dialect::time::milliseconds;
use crate::dialect::view::{Told, ToldChild};

/// How many runs of a check are told, though more may be remembered: a line has room for no more.
const MOST_RUNS: usize = 60;

/// One check.
#[derive(Debug, Serialize)]
pub(super) struct CheckOf<'a> {
    name: &'a str,
    status: &'static str,
    known: bool,
    counts_as: &'static str,
    critical: bool,
    probes: Vec<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caused_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Not::not")]
    disabled: bool,
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    forced: Option<Forced<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<ChildOf<'a>>,
    runs: Vec<(u64, Option<f64>, &'static str)>,
    #[serde(flatten)]
    more: Option<More<'a>>,
}

impl<'a> CheckOf<'a> {
    pub(super) fn new(
        told: Told<'a>,
        history: Option<&History>,
        forced: Option<&'a Override>,
    ) -> Self {
        let passes = told.status().is_passing();
        Self {
            name: told.name(),
            status: told.status().as_str(),
            known: told.is_known(),
            counts_as: told.counts_as().as_str(),
            critical: told.is_critical(),
            probes: told.probes().map(Probe::as_str).collect(),
            description: told.description(),
            message: told.text().filter(|_| passes),
            error: told.text().filter(|_| !passes),
            caused_by: told.cause(),
            latency_ms: told.latency_ms(),
            disabled: told.is_disabled(),
            forced: forced.map(Forced::new),
            children: told.children().map(ChildOf::new).collect(),
            runs: history.map(runs).unwrap_or_default(),
            more: told.full().map(|entry| More::new(entry, history)),
        }
    }
}

fn runs(history: &History) -> Vec<(u64, Option<f64>, &'static str)> {
    let runs = history.runs();
    let last = runs.len().saturating_sub(MOST_RUNS);
    let runs = runs[last..].iter().map(|run| {
        let latency = run.latency().map(milliseconds);
        (ms(run.started_at()), latency, &run.status().as_str()[..1])
    });
    runs.collect()
}

/// What was forced.
#[derive(Debug, Serialize)]
struct Forced<'a> {
    status: &'static str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

impl<'a> Forced<'a> {
    fn new(forced: &'a Override) -> Self {
        Self {
            status: forced.status().as_str(),
            reason: forced.reason(),
            until: forced.expires_at().map(ms),
        }
    }
}

/// One child of a check.
#[derive(Debug, Serialize)]
struct ChildOf<'a> {
    name: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl<'a> ChildOf<'a> {
    fn new(child: ToldChild<'a>) -> Self {
        Self {
            name: child.name(),
            status: child.status().as_str(),
            text: child.reason().map(Cow::into_owned),
        }
    }
}

/// What only those are told who may know everything.
#[derive(Debug, Serialize)]
struct More<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success: Option<u64>,
    consecutive_failures: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    timeout_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_run: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
    #[serde(skip_serializing_if = "Members::is_empty")]
    data: Members<'a, &'a Value>,
    source: String,
}

impl<'a> More<'a> {
    fn new(entry: &'a Entry, history: Option<&History>) -> Self {
        let check = entry.check();
        let raw = entry.raw_status();
        let last = history.and_then(|history| history.runs().last());
        Self {
            internal_error: entry.error(),
            reason: entry.reason(),
            raw_status: (raw != entry.status()).then(|| raw.as_str()),
            since: entry.since().map(ms),
            last_run: last.map(|run| ms(run.started_at())),
            last_success: history.and_then(History::last_success).map(ms),
            consecutive_failures: entry.consecutive_failures(),
            tags: check.tags().collect(),
            timeout_ms: span(check.timeout()),
            degraded_after_ms: check.degraded_after().map(span),
            interval_ms: check.interval().map(span),
            next_run: history.and_then(History::next_run).map(ms),
            depends_on: check.depends_on().collect(),
            data: Members::named(entry.data()),
            source: check.location().to_string(),
        }
    }
}
