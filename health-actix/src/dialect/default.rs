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

use std::time::SystemTime;

use health_core::{Child, Entry, Phase, Probe, Status};

use super::format::Format;
use super::json::Json;
use super::problem::MISCONFIGURED;
use super::schema::{self, About};
use super::schema::{Body, Component};
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
        Json::of(|json| match view.scope {
            Scope::Check(told) => own_body(json, told),
            _ => report(json, view),
        })
    }

    fn schemas(&self, about: &About) -> Vec<Component> {
        schema::default::schemas(about)
    }

    fn body(&self, target: Target, statuses: &[Status], about: &About) -> Body {
        schema::default::body(target, statuses, about)
    }
}

/// The body of a probe, or a group.
fn report(json: &mut Json, view: &View<'_>) {
    let is_probe = matches!(view.scope, Scope::Probe(_) | Scope::Everything);
    let is_liveness = matches!(view.scope, Scope::Probe(Probe::Liveness));
    json.key("status").plain(word(view));
    json.flag("degraded", is_probe && view.status == Status::Degraded);
    json.text("service", view.asker.service.filter(|_| is_liveness));
    json.text("detail", detail(view));
    if lists_checks(view) {
        json.key("checks").object(|json| {
            for told in view.entries() {
                json.named(told.name()).object(|json| entry(json, told));
            }
        });
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

/// One check in the body of a probe.
fn entry(json: &mut Json, told: Told<'_>) {
    let healthy = told.status().is_passing();
    json.member("healthy", healthy);
    json.flag("degraded", told.status() == Status::Degraded);
    // Said only where it explains why a failure did not fail the probe.
    if !healthy && !told.is_critical() {
        json.member("critical", false);
    }
    // Said where all replicas share the failure, so that this one stays ready.
    json.flag("shared", told.is_forgiven());
    // The check whose failure is the cause of this one.
    json.text("caused_by", told.cause());
    finding(json, told);
}

/// The body of one check's own path.
fn own_body(json: &mut Json, told: Told<'_>) {
    json.key("status").plain(told.status().as_str());
    json.key("name").string(told.name());
    finding(json, told);
}

/// What a run found.
fn finding(json: &mut Json, told: Told<'_>) {
    json.some("latency_ms", told.latency_ms());
    texts(json, told.status(), told.text(), told.error());
    let children = told.children().map(|child| (child.name(), child));
    json.objects("children", children, child_body);
    if let Some(entry) = told.full() {
        more(json, entry);
    }
}

/// What there is to say of it, and the text of the error itself, which is not public.
fn texts(json: &mut Json, status: Status, text: Option<&str>, internal_error: Option<&str>) {
    let name = if status.is_passing() {
        "message"
    } else {
        "error"
    };
    json.text(name, text);
    json.text("internal_error", internal_error);
}

/// What only those are told who may know everything.
fn more(json: &mut Json, entry: &Entry) {
    let check = entry.check();
    let raw = entry.raw_status();
    // Why it is not simply what the check returned.
    json.some("reason", entry.reason());
    // What the last run found, where thresholds say otherwise.
    let differs = raw != entry.status();
    json.text("raw_status", differs.then(|| raw.as_str()));
    since(json, entry.since());
    json.key("last_run").time(entry.started_at());
    failures(json, entry.consecutive_failures());
    json.data("data", entry.data());
    json.texts("tags", check.tags());
    json.member("timeout_ms", check.timeout().as_millis());
    // As its `Display` shows it to people, but faster.
    let place = check.location();
    let place = [place.file(), ":", &place.line().to_string()].concat();
    json.key("source").string(&place);
}

/// One child of a check.
fn child_body(json: &mut Json, child: ToldChild<'_>) {
    let status = child.status();
    json.member("healthy", status.is_passing());
    json.flag("degraded", status == Status::Degraded);
    texts(json, status, child.text(), child.error());
    if let Some(child) = child.full() {
        more_of_child(json, child);
    }
}

/// What only those are told of a child who may know everything.
fn more_of_child(json: &mut Json, child: Child<'_>) {
    let raw = child.raw_status();
    let differs = raw != child.status();
    json.text("raw_status", differs.then(|| raw.as_str()));
    since(json, child.since());
    failures(json, child.consecutive_failures());
    json.data("data", child.data());
}

fn since(json: &mut Json, since: Option<SystemTime>) {
    if let Some(since) = since {
        json.key("since").time(since);
    }
}

fn failures(json: &mut Json, failures: u32) {
    json.some("consecutive_failures", Some(failures).filter(|it| *it > 0));
}
