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

use health_core::{Phase, Probe, Status, Value};
use humantime::format_duration;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::{Format, is_false, json};
use super::members::Members;
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
            Scope::Everything | Scope::Group(_) => json(&Whole::new(view)),
            Scope::Check(told) | Scope::Child(told, _) => json(&Component::of(told)),
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
#[derive(Debug, Serialize)]
struct Whole<'a> {
    status: &'static str,
    /// What fails it although no component does.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Parts<'a>>,
}

impl<'a> Whole<'a> {
    fn new(view: &View<'a>) -> Self {
        Self {
            status: word(view.status),
            reason: reason_of_phase(view),
            timestamp: timestamp(view.now()),
            components: view.lists_checks().then_some(Parts(*view)),
        }
    }
}

/// The checks, and behind them the uptime.
#[derive(Debug)]
struct Parts<'a>(View<'a>);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(view) = self;
        let checks = view.entries();
        let checks = checks.map(|told| (told.name(), Part::Check(Component::of(told))));
        let is_everything = matches!(view.scope, Scope::Everything);
        let has_room = || view.entries().all(|told| told.name() != UPTIME);
        let uptime = (is_everything && has_room()).then(|| {
            (
                UPTIME,
                Part::Uptime(Uptime::new(view.asker.moment.uptime())),
            )
        });
        serializer.collect_map(checks.chain(uptime))
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Part<'a> {
    Check(Component<'a>),
    Uptime(Uptime),
}

/// For how long the service has been there.
#[derive(Debug, Serialize)]
struct Uptime {
    status: &'static str,
    message: String,
    uptime_seconds: u64,
}

impl Uptime {
    fn new(uptime: Duration) -> Self {
        let uptime_seconds = uptime.as_secs();
        let whole = Duration::from_secs(uptime_seconds);
        Self {
            status: word(Status::Healthy),
            message: format!("Up for {}", format_duration(whole)),
            uptime_seconds,
        }
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "UP",
        Status::Degraded => "DEGRADED",
        Status::Unhealthy => "DOWN",
    }
}

/// A check, or a child of one.
#[derive(Debug, Serialize)]
struct Component<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    /// Said only where it explains why a failure did not fail the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    critical: Option<bool>,
    #[serde(skip_serializing_if = "is_false")]
    shared: bool,
    /// The check whose failure is the cause of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    caused_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    /// The text of the error itself, which is not public.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "Members::is_empty")]
    data: Members<'a, &'a Value>,
    #[serde(skip_serializing_if = "Members::is_empty")]
    components: Members<'a, Component<'a>>,
}

impl<'a> Component<'a> {
    fn of(told: Told<'a>) -> Self {
        let fails = !told.status().is_passing();
        Self {
            critical: (fails && !told.is_critical()).then_some(false),
            shared: told.is_forgiven(),
            caused_by: told.cause(),
            latency_ms: told.latency_ms(),
            tags: told.tags().collect(),
            components: Members::named(
                told.children()
                    .map(|child| (child.name(), Self::of_child(child))),
            ),
            ..Self::saying(
                told.status(),
                told.text(),
                told.error(),
                Members::named(told.data()),
            )
        }
    }

    fn of_child(child: ToldChild<'a>) -> Self {
        Self::saying(
            child.status(),
            child.text(),
            child.error(),
            Members::named(child.data()),
        )
    }

    fn saying(
        status: Status,
        message: Option<&'a str>,
        error: Option<&'a str>,
        data: Members<'a, &'a Value>,
    ) -> Self {
        Self {
            status: word(status),
            message,
            critical: None,
            shared: false,
            caused_by: None,
            latency_ms: None,
            error,
            tags: Vec::new(),
            data,
            components: Members::default(),
        }
    }
}

/// What nothing can be said of.
#[derive(Debug, Serialize)]
struct Down {
    status: &'static str,
    reason: &'static str,
}
