//! JSON, as guides to health checks show it: `components` of a service that is `UP` or `DOWN`.
//!
//! Source: no specification, but what guides for services in Python (`FastAPI`, Flask, Django) have
//! in common:
//!
//! - `/health`, of everything: `{"status":"UP","timestamp":"2023-10-27T10:30:00Z","components":
//!   {"database":{"status":"UP","message":"Database connection successful"}}}`, else `DOWN`, or
//!   `DEGRADED`;
//! - `/live`: `{"status":"OK"}`;
//! - `/ready`: `{"status":"READY","timestamp":"..."}`, else
//!   `{"status":"NOT READY","reason":"...","timestamp":"..."}`.
//!
//! What they leave open:
//! - 503 instead of their 500 for `/health`, unless `StatusCodes` says otherwise; `DEGRADED` is 200.
//! - A component has its own status: what fails without being critical is `DOWN`, and says
//!   `"critical":false`, or `"shared":true`. The whole is then `DEGRADED`; where a probe has no word
//!   for it, it has `"degraded":true`.
//! - Liveness that fails is `NOT OK`, with the members of `NOT READY`. `/started` is as `/ready` is.
//! - A phase that fails a probe by itself is its `reason`. Otherwise that names the checks that
//!   fail the probe, or, where the caller may know of none of them, says that a check failed.
//! - Children are components of their component.
//! - The last component is `application_uptime`, unless a check is called so.
//! - Who is told the status alone gets the words, and the time.
//! - A measured number that is not finite is null. Where two names are the same once the secrets in
//!   them are masked, the second gets `_` behind it.

use std::time::Duration;

use health_core::{Phase, Probe, Status};
use humantime::format_duration;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::{Format, is_false, json};
use super::json::Json;
use super::problem::Problem;
use super::schema::{self, About};
use super::time::{Timestamp, timestamp};
use super::view::{HIDDEN, Scope, Told, ToldChild, View};
use crate::target::Target;

const UPTIME: &str = "application_uptime";

#[derive(Debug)]
pub(super) struct Components;

impl Format for Components {
    fn name(&self) -> &'static str {
        "components"
    }

    fn usual_prefix(&self) -> Option<&'static str> {
        Some("")
    }

    fn paths(&self) -> &'static [(&'static str, Target)] {
        &[
            ("/health", Target::Everything),
            ("/live", Target::Probe(Probe::Liveness)),
            ("/ready", Target::Probe(Probe::Readiness)),
            ("/started", Target::Probe(Probe::Startup)),
        ]
    }

    fn write(&self, view: &View<'_>) -> Vec<u8> {
        match view.scope {
            Scope::Probe(probe) => json(&ProbeBody::new(view, probe)),
            Scope::Everything | Scope::Group(_) => Json::of(|json| whole(json, view)),
            Scope::Check(told) | Scope::Child(told, _) => Json::of(|json| component(json, told)),
        }
    }

    fn schemas(&self, about: &About) -> Vec<schema::Component> {
        schema::components::schemas(about)
    }

    fn body(&self, target: Target, statuses: &[Status], about: &About) -> schema::Body {
        schema::components::body(target, statuses, about)
    }

    fn problem_schema(&self, problem: &Problem) -> RefOr<Schema> {
        schema::components::problem(problem.is_misconfigured())
    }

    /// A registry with mistakes is no problem of the caller's.
    fn write_problem(&self, problem: &Problem) -> Vec<u8> {
        if problem.is_misconfigured() {
            return json(&Down {
                status: word(Status::Unhealthy),
                reason: problem.detail,
            });
        }
        json(problem)
    }
}

/// The body of a probe.
#[derive(Debug, Serialize)]
struct ProbeBody {
    status: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<Timestamp>,
}

impl ProbeBody {
    fn new(view: &View<'_>, probe: Probe) -> Self {
        let passes = view.is_passing();
        let is_plain = probe == Probe::Liveness && passes;
        Self {
            status: word_of(probe, passes),
            degraded: view.status == Status::Degraded,
            reason: reason(view),
            timestamp: (!is_plain).then(|| timestamp(view.now())),
        }
    }
}

const fn word_of(probe: Probe, passes: bool) -> &'static str {
    match (probe, passes) {
        (Probe::Liveness, true) => "OK",
        (Probe::Liveness, false) => "NOT OK",
        (Probe::Readiness, true) => "READY",
        (Probe::Readiness, false) => "NOT READY",
        (Probe::Startup, true) => "STARTED",
        (Probe::Startup, false) => "NOT STARTED",
    }
}

/// Why a probe fails. Before the start has passed, checks say more of it than the phase does; other
/// phases fail it whatever they say.
fn reason(view: &View<'_>) -> Option<String> {
    if view.is_passing() || !view.lists_checks() {
        return None;
    }
    let phase = reason_of_phase(view);
    let is_up_to_checks = matches!(view.phase, Phase::Started | Phase::Starting);
    let failing = view
        .entries()
        .filter(|told| is_up_to_checks && !told.counts_as().is_passing());
    let failing = failing.map(|told| {
        let why = told.reason().unwrap_or(HIDDEN.into());
        format!("{}: {why}", told.name())
    });
    let reasons: Vec<_> = phase.into_iter().chain(failing).collect();
    Some(reasons.join("; "))
        .filter(|reason| !reason.is_empty())
        .or(Some(HIDDEN.to_owned()))
}

fn reason_of_phase(view: &View<'_>) -> Option<String> {
    let said = view.failing_phase_text()?;
    Some(match view.phase {
        Phase::Maintenance(_) => format!("maintenance: {said}"),
        _ => said.to_owned(),
    })
}

/// The body of everything, or of a group.
fn whole(json: &mut Json, view: &View<'_>) {
    json.key("status").plain(word(view.status));
    // What fails it although no component does.
    json.text("reason", reason_of_phase(view).as_deref());
    json.key("timestamp").time(view.now());
    if view.lists_checks() {
        json.key("components").object(|json| parts(json, view));
    }
}

/// The checks, and behind them the uptime.
fn parts(json: &mut Json, view: &View<'_>) {
    for told in view.entries() {
        json.named(told.name()).object(|json| component(json, told));
    }
    let is_everything = matches!(view.scope, Scope::Everything);
    let has_room = || view.entries().all(|told| told.name() != UPTIME);
    if is_everything && has_room() {
        let uptime = view.asker.moment.uptime().as_secs();
        json.key(UPTIME).object(|json| up_for(json, uptime));
    }
}

/// For how long the service has been there.
fn up_for(json: &mut Json, seconds: u64) {
    let uptime = format_duration(Duration::from_secs(seconds));
    json.key("status").plain(word(Status::Healthy));
    json.key("message").plain(format!("Up for {uptime}"));
    json.member("uptime_seconds", seconds);
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "UP",
        Status::Degraded => "DEGRADED",
        Status::Unhealthy => "DOWN",
    }
}

/// A check.
fn component(json: &mut Json, told: Told<'_>) {
    let fails = !told.status().is_passing();
    json.key("status").plain(word(told.status()));
    json.text("message", told.text());
    // Said only where it explains why a failure did not fail the whole.
    if fails && !told.is_critical() {
        json.member("critical", false);
    }
    json.flag("shared", told.is_forgiven());
    // The check whose failure is the cause of this one.
    json.text("caused_by", told.cause());
    json.some("latency_ms", told.latency_ms());
    // The text of the error itself, which is not public.
    json.text("error", told.error());
    json.texts("tags", told.tags());
    json.data("data", told.data());
    let children = told.children().map(|child| (child.name(), child));
    json.objects("components", children, component_of_child);
}

fn component_of_child(json: &mut Json, child: ToldChild<'_>) {
    json.key("status").plain(word(child.status()));
    json.text("message", child.text());
    json.text("error", child.error());
    json.data("data", child.data());
}

/// What nothing can be said of.
#[derive(Debug, Serialize)]
struct Down {
    status: &'static str,
    reason: &'static str,
}
