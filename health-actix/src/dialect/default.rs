//! The default dialect: small JSON objects whose first member is `status`.
//!
//! Source: no specification, but what guides for services in Python (`FastAPI`, Flask, Django) have
//! in common, where `/health` is liveness:
//!
//! - liveness: `{"status":"alive"}`, with the `service` where it has a name;
//! - readiness: `{"status":"ready","checks":{"database":{"healthy":true,"latency_ms":3.2}}}`, else
//!   `not_ready`, where `{"healthy":false,"error":"Timeout after 1000ms"}` fails;
//! - startup: `{"status":"started"}`, else
//!   `{"status":"starting","detail":"Service is still initialising"}`.
//!
//! What they leave open:
//! - Liveness that fails is `unhealthy`. What operators say, or a mistake, is the `status` of
//!   readiness, which then lists no checks: `draining`, `maintenance`, `misconfigured`.
//! - What is degraded has its usual `status` beside `"degraded":true`. A check has its own status:
//!   what fails without failing the whole is not `healthy`, and says `"critical":false`, or
//!   `"shared":true`.
//! - The path of one check has the word of its status, and so has a group, which lists its checks.
//! - `message` is what a check says that passes. The private text is `internal_error`.
//! - A measured number that is not finite is null. Where two names are the same once the secrets in
//!   them are masked, the second gets `_` behind it.

use health_core::{Child, Entry, Phase, Probe, Reason, Status, Value};
use serde::{Serialize, Serializer};

use super::format::{Format, is_false, json};
use super::members::Members;
use super::problem::MISCONFIGURED;
use super::schema::{self, About};
use super::schema::{Body, Component};
use super::time::timestamp;
use super::view::{STILL_INITIALISING, Scope, Told, ToldChild, View};
use crate::target::Target;

#[derive(Debug)]
pub(super) struct Default;

impl Format for Default {
    fn name(&self) -> &'static str {
        "default"
    }

    fn paths(&self) -> &'static [(&'static str, Target)] {
        &[
            ("", Target::Probe(Probe::Liveness)),
            ("/live", Target::Probe(Probe::Liveness)),
            ("/ready", Target::Probe(Probe::Readiness)),
            ("/started", Target::Probe(Probe::Startup)),
            ("/checks/{name}", Target::Check),
        ]
    }

    fn write(&self, view: &View<'_>) -> Vec<u8> {
        match view.scope {
            Scope::Check(told) => json(&CheckBody::new(told)),
            _ => json(&ReportBody::new(view)),
        }
    }

    fn schemas(&self, about: &About) -> Vec<Component> {
        schema::default::schemas(about)
    }

    fn body(&self, target: Target, statuses: &[Status], about: &About) -> Body {
        schema::default::body(target, statuses, about)
    }
}

/// The body of a probe, or a group.
#[derive(Debug, Serialize)]
struct ReportBody<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Checks<'a>>,
}

impl<'a> ReportBody<'a> {
    fn new(view: &'a View<'a>) -> Self {
        let is_probe = matches!(view.scope, Scope::Probe(_) | Scope::Everything);
        Self {
            status: word(view),
            degraded: is_probe && view.status == Status::Degraded,
            service: view
                .asker
                .service
                .filter(|_| matches!(view.scope, Scope::Probe(Probe::Liveness))),
            detail: detail(view),
            checks: lists_checks(view).then_some(Checks(view)),
        }
    }
}

/// The word for a verdict: that of a group is its status.
pub(crate) fn word(view: &View<'_>) -> &'static str {
    let passing = view.is_passing();
    match (view.scope, view.phase) {
        (Scope::Group(_) | Scope::Check(_) | Scope::Child(..), _) => view.status.as_str(),
        (Scope::Probe(Probe::Liveness), _) if passing => "alive",
        (Scope::Probe(Probe::Liveness), _) => "unhealthy",
        (_, Phase::Misconfigured) => MISCONFIGURED.status,
        (Scope::Probe(Probe::Startup), _) if passing => "started",
        (Scope::Probe(Probe::Startup), _) => "starting",
        (_, Phase::Draining) => "draining",
        (_, Phase::Maintenance(_)) => "maintenance",
        (_, _) if passing => "ready",
        (_, _) => "not_ready",
    }
}

fn detail<'a>(view: &View<'a>) -> Option<&'a str> {
    let progress = || view.progress().unwrap_or(STILL_INITIALISING);
    match (view.scope, view.phase) {
        (
            Scope::Group(_) | Scope::Check(_) | Scope::Child(..) | Scope::Probe(Probe::Liveness),
            _,
        ) => None,
        (_, Phase::Misconfigured) => Some(MISCONFIGURED.detail),
        (Scope::Probe(Probe::Startup), _) => (!view.is_passing()).then(progress),
        (_, Phase::Maintenance(_)) => view.maintenance(),
        (_, Phase::Starting) => Some(progress()),
        _ => None,
    }
    .filter(|_| view.lists_checks())
}

/// Readiness and groups always list their checks. Liveness and startup do so only when they have
/// something to explain, or for those who may know everything: their plain bodies are what the
/// common guides show, and never change.
fn lists_checks(view: &View<'_>) -> bool {
    let mut entries = view.entries();
    let hides = matches!(
        view.phase,
        Phase::Draining | Phase::Maintenance(_) | Phase::Misconfigured
    );
    match view.scope {
        _ if !view.lists_checks() || (hides && !view.is_full()) => false,
        Scope::Probe(Probe::Liveness | Probe::Startup) => {
            (view.status != Status::Healthy || view.is_full()) && entries.next().is_some()
        }
        _ => true,
    }
}

#[derive(Debug)]
struct Checks<'a>(&'a View<'a>);

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.entries();
        serializer.collect_map(entries.map(|told| (told.name(), EntryBody::new(told))))
    }
}

/// One check in the body of a probe.
#[derive(Debug, Serialize)]
struct EntryBody<'a> {
    healthy: bool,
    #[serde(skip_serializing_if = "is_false")]
    degraded: bool,
    /// Said only where it explains why a failure did not fail the probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    critical: Option<bool>,
    /// Said where all replicas share the failure, so that this one stays ready.
    #[serde(skip_serializing_if = "is_false")]
    shared: bool,
    /// The check whose failure is the cause of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    caused_by: Option<&'a str>,
    #[serde(flatten)]
    finding: Finding<'a>,
}

impl<'a> EntryBody<'a> {
    fn new(told: Told<'a>) -> Self {
        let healthy = told.status().is_passing();
        Self {
            healthy,
            degraded: told.status() == Status::Degraded,
            critical: (!healthy && !told.is_critical()).then_some(false),
            shared: told.is_forgiven(),
            caused_by: told.cause(),
            finding: Finding::new(told),
        }
    }
}

/// The body of one check's own path.
#[derive(Debug, Serialize)]
struct CheckBody<'a> {
    status: &'static str,
    name: &'a str,
    #[serde(flatten)]
    finding: Finding<'a>,
}

impl<'a> CheckBody<'a> {
    fn new(told: Told<'a>) -> Self {
        Self {
            status: told.status().as_str(),
            name: told.name(),
            finding: Finding::new(told),
        }
    }
}

/// What a run found.
#[derive(Debug, Serialize)]
struct Finding<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(flatten)]
    texts: Texts<'a>,
    #[serde(skip_serializing_if = "Members::is_empty")]
    children: Members<'a, ChildBody<'a>>,
    #[serde(flatten)]
    more: Option<More<'a>>,
}

impl<'a> Finding<'a> {
    fn new(told: Told<'a>) -> Self {
        Self {
            latency_ms: told.latency_ms(),
            texts: Texts::new(told.status(), told.text(), told.error()),
            children: Members::named(
                told.children()
                    .map(|child| (child.name(), ChildBody::new(child))),
            ),
            more: told.full().map(More::new),
        }
    }
}

/// What there is to say of it.
#[derive(Debug, Serialize)]
struct Texts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// The text of the error itself, which is not public.
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_error: Option<&'a str>,
}

impl<'a> Texts<'a> {
    fn new(status: Status, text: Option<&'a str>, internal_error: Option<&'a str>) -> Self {
        let passes = status.is_passing();
        Self {
            message: text.filter(|_| passes),
            error: text.filter(|_| !passes),
            internal_error,
        }
    }
}

/// What only those are told who may know everything.
#[derive(Debug, Serialize)]
struct More<'a> {
    /// Why it is not simply what the check returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// What the last run found, where thresholds say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    last_run: String,
    #[serde(skip_serializing_if = "is_zero")]
    consecutive_failures: u32,
    #[serde(skip_serializing_if = "Members::is_empty")]
    data: Members<'a, &'a Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    timeout_ms: u128,
    source: String,
}

impl<'a> More<'a> {
    fn new(entry: &'a Entry) -> Self {
        let check = entry.check();
        let raw = entry.raw_status();
        Self {
            reason: entry.reason(),
            raw_status: (raw != entry.status()).then(|| raw.as_str()),
            since: entry.since().map(timestamp),
            last_run: timestamp(entry.started_at()),
            consecutive_failures: entry.consecutive_failures(),
            data: Members::named(entry.data()),
            tags: check.tags().collect(),
            timeout_ms: check.timeout().as_millis(),
            source: check.location().to_string(),
        }
    }
}

/// One child of a check.
#[derive(Debug, Serialize)]
struct ChildBody<'a> {
    healthy: bool,
    #[serde(skip_serializing_if = "is_false")]
    degraded: bool,
    #[serde(flatten)]
    texts: Texts<'a>,
    #[serde(flatten)]
    more: Option<MoreOfChild<'a>>,
}

impl<'a> ChildBody<'a> {
    fn new(child: ToldChild<'a>) -> Self {
        Self {
            healthy: child.status().is_passing(),
            degraded: child.status() == Status::Degraded,
            texts: Texts::new(child.status(), child.text(), child.error()),
            more: child.full().map(MoreOfChild::new),
        }
    }
}

/// What only those are told of a child who may know everything.
#[derive(Debug, Serialize)]
struct MoreOfChild<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    consecutive_failures: u32,
    #[serde(skip_serializing_if = "Members::is_empty")]
    data: Members<'a, &'a Value>,
}

impl<'a> MoreOfChild<'a> {
    fn new(child: Child<'a>) -> Self {
        let raw = child.raw_status();
        Self {
            raw_status: (raw != child.status()).then(|| raw.as_str()),
            since: child.since().map(timestamp),
            consecutive_failures: child.consecutive_failures(),
            data: Members::named(child.data()),
        }
    }
}

const fn is_zero(number: &u32) -> bool {
    *number == 0
}
