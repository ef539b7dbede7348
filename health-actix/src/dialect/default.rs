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

use health_core::{Child, Entry, Location, Phase, Probe, Status};
use serde::ser::SerializeMap;
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
            Scope::Check(told) => json(&CheckBody(told)),
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
        serializer.collect_map(entries.map(|told| (told.name(), EntryBody(told))))
    }
}

/// One check in the body of a probe. What it says is looked up where it is written: nothing is
/// kept for a report of many.
#[derive(Debug)]
struct EntryBody<'a>(Told<'a>);

impl Serialize for EntryBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(told) = *self;
        let healthy = told.status().is_passing();
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("healthy", &healthy)?;
        flag(&mut body, "degraded", told.status() == Status::Degraded)?;
        // Said only where it explains why a failure did not fail the probe.
        if !healthy && !told.is_critical() {
            body.serialize_entry("critical", &false)?;
        }
        // Said where all replicas share the failure, so that this one stays ready.
        flag(&mut body, "shared", told.is_forgiven())?;
        // The check whose failure is the cause of this one.
        member(&mut body, "caused_by", told.cause())?;
        finding(&mut body, told)?;
        body.end()
    }
}

/// The body of one check's own path.
#[derive(Debug)]
struct CheckBody<'a>(Told<'a>);

impl Serialize for CheckBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(told) = *self;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("status", told.status().as_str())?;
        body.serialize_entry("name", told.name())?;
        finding(&mut body, told)?;
        body.end()
    }
}

/// What a run found.
fn finding<M: SerializeMap>(body: &mut M, told: Told<'_>) -> Result<(), M::Error> {
    member(body, "latency_ms", told.latency_ms())?;
    texts(body, told.status(), told.text(), told.error())?;
    let children = told.children();
    let children = children.map(|child| (child.name(), ChildBody(child)));
    members(body, "children", &Members::named(children))?;
    told.full().map_or(Ok(()), |entry| more(body, entry))
}

/// What there is to say of it, and the text of the error itself, which is not public.
fn texts<M: SerializeMap>(
    body: &mut M,
    status: Status,
    text: Option<&str>,
    internal_error: Option<&str>,
) -> Result<(), M::Error> {
    let name = if status.is_passing() {
        "message"
    } else {
        "error"
    };
    member(body, name, text)?;
    member(body, "internal_error", internal_error)
}

/// What only those are told who may know everything.
fn more<M: SerializeMap>(body: &mut M, entry: &Entry) -> Result<(), M::Error> {
    let check = entry.check();
    let raw = entry.raw_status();
    // Why it is not simply what the check returned.
    member(body, "reason", entry.reason())?;
    // What the last run found, where thresholds say otherwise.
    let differs = raw != entry.status();
    member(body, "raw_status", differs.then(|| raw.as_str()))?;
    member(body, "since", entry.since().map(timestamp))?;
    body.serialize_entry("last_run", &timestamp(entry.started_at()))?;
    let failures = entry.consecutive_failures();
    member(
        body,
        "consecutive_failures",
        Some(failures).filter(|it| *it > 0),
    )?;
    members(body, "data", &Members::named(entry.data()))?;
    if check.tags().next().is_some() {
        body.serialize_entry("tags", &check.tags().collect::<Vec<_>>())?;
    }
    body.serialize_entry("timeout_ms", &check.timeout().as_millis())?;
    body.serialize_entry("source", &Shown(check.location()))
}

/// One child of a check.
#[derive(Debug)]
struct ChildBody<'a>(ToldChild<'a>);

impl Serialize for ChildBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(child) = *self;
        let status = child.status();
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("healthy", &status.is_passing())?;
        flag(&mut body, "degraded", status == Status::Degraded)?;
        texts(&mut body, status, child.text(), child.error())?;
        if let Some(child) = child.full() {
            more_of_child(&mut body, child)?;
        }
        body.end()
    }
}

/// What only those are told of a child who may know everything.
fn more_of_child<M: SerializeMap>(body: &mut M, child: Child<'_>) -> Result<(), M::Error> {
    let raw = child.raw_status();
    let differs = raw != child.status();
    member(body, "raw_status", differs.then(|| raw.as_str()))?;
    member(body, "since", child.since().map(timestamp))?;
    let failures = child.consecutive_failures();
    member(
        body,
        "consecutive_failures",
        Some(failures).filter(|it| *it > 0),
    )?;
    members(body, "data", &Members::named(child.data()))
}

/// A member that is left out where there is nothing to say.
fn member<M: SerializeMap>(
    body: &mut M,
    name: &str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| body.serialize_entry(name, &value))
}

/// A member that is said only where it is so.
fn flag<M: SerializeMap>(body: &mut M, name: &str, is_so: bool) -> Result<(), M::Error> {
    member(body, name, is_so.then_some(true))
}

/// An object that is left out where it is empty.
fn members<M: SerializeMap, T: Serialize>(
    body: &mut M,
    name: &str,
    all: &Members<'_, T>,
) -> Result<(), M::Error> {
    member(body, name, Some(all).filter(|all| !all.is_empty()))
}

/// As it is shown to people.
struct Shown(Location);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
