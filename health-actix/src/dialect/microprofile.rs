//! JSON, as `MicroProfile` Health 4.0 has it.
//!
//! Source: eclipse/microprofile-health at 4.0, `spec/src/main/asciidoc`: `protocol-wireformat`
//! (appendix A for paths and codes, appendix B for bodies and their JSON Schema; "Health Check
//! Procedures" and "Executing procedures" for what is empty or throws) and `java-api` (several
//! kinds for one check). What it is read by: `SmallRye` Health's UI and Quarkus.
//!
//! - `/health` is liveness, readiness and startup together, with each check once.
//! - Nothing expected: `UP`, with an empty list. Expected but not yet there is what starts: liveness
//!   is `UP`, readiness and startup are `DOWN`, as `mp.health.default.*.empty.response` would have
//!   it.
//! - What throws is `DOWN`, by the name of the check: there is no class to name it after.
//! - The whole is the worst of its checks: a failure that does not fail the probe is `UP`, and has
//!   `degraded`. The specification knows nothing between `UP` and `DOWN`.
//!
//! Where the source contradicts itself, or is silent:
//! - A check that throws is 503 with a body. The tables of the appendices want 500, one of them
//!   without a body, and an example has 500 with one; `SmallRye` answers 503, and its UI reads
//!   nothing but 200 and 503.
//! - A phase that fails a probe is a check of its own, which comes first: `Graceful Shutdown`, as
//!   Quarkus calls it, and in its style `Maintenance`, `Startup` and `Configuration`.
//! - Lists are flat and so are data, so a child is a check of its own, `NAME.CHILD`, behind the one
//!   that it belongs to: the UI sorts by name, and shows a status only of what is in the list.
//! - The name is what tells checks apart (`java-api`, "Constructing `HealthCheckResponse`'s"): a
//!   phase or a child that would be called as a check is gets `_` behind its name.
//! - All procedures are to be executed. Readiness executes none while operators say by a drain or
//!   maintenance that it fails, and its list has that alone.
//! - Data of ours come first. Data of the check's own that have the name of one get `_` behind it,
//!   whether that one is there or not, so that no name changes its meaning.
//! - A number that is not finite is left out: data are never null.

use std::borrow::Cow;

use health_core::{Phase, Status, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::{Format, json};
use super::json::Json;
use super::members::{Keys, LazyKeys, beside};
use super::problem::Problem;
use super::schema::{self, About, Component};
use super::view::{Scope, Told, ToldChild, View};
use crate::target::Target;

/// What data are called that are not the check's own.
const OURS: [&str; 9] = [
    "latency_ms",
    "degraded",
    "critical",
    "shared",
    "caused_by",
    "message",
    "error",
    "internal_error",
    "tags",
];

#[derive(Debug)]
pub(super) struct MicroProfile;

impl Format for MicroProfile {
    fn name(&self) -> &'static str {
        "microprofile"
    }

    fn write(&self, view: &View<'_>) -> Vec<u8> {
        Json::of(|json| {
            json.key("status").plain(word(view.status));
            json.key("checks").list(|json| procedures(json, view));
        })
    }

    fn schemas(&self, about: &About) -> Vec<Component> {
        schema::microprofile::schemas(about)
    }

    fn body(&self, target: Target, statuses: &[Status], about: &About) -> schema::Body {
        schema::microprofile::body(target, statuses, about)
    }

    fn problem_schema(&self, problem: &Problem) -> RefOr<Schema> {
        schema::microprofile::problem(problem.is_misconfigured())
    }

    fn write_problem(&self, problem: &Problem) -> Vec<u8> {
        if problem.is_misconfigured() {
            return Json::of(|json| {
                json.key("status").plain(word(Status::Unhealthy));
                json.key("checks").list(|json| {
                    failing(json, name_of(&Phase::Misconfigured), Some(problem.detail));
                });
            });
        }
        json(problem)
    }
}

fn procedures(json: &mut Json, view: &View<'_>) {
    let mut names = LazyKeys::new(|| view.entries().map(Told::name).collect());
    let phase = view.failing_phase().filter(|_| view.lists_checks());
    if let Some(phase) = phase {
        let name = names.own(name_of(phase));
        failing(json, &name, view.failing_phase_text());
    }
    match view.scope {
        Scope::Check(told) | Scope::Child(told, _) => add(json, told, told.status(), &mut names),
        _ => view
            .entries()
            .for_each(|told| add(json, told, told.counts_as(), &mut names)),
    }
}

const fn word(status: Status) -> &'static str {
    if status.is_passing() { "UP" } else { "DOWN" }
}

const fn name_of(phase: &Phase) -> &'static str {
    match phase {
        Phase::Draining => "Graceful Shutdown",
        Phase::Maintenance(_) => "Maintenance",
        Phase::Misconfigured => "Configuration",
        _ => "Startup",
    }
}

/// Adds the result of a health check procedure, with what there is to say besides.
fn procedure(json: &mut Json, name: &str, status: Status, data: impl FnOnce(&mut Json)) {
    json.element().object(|json| {
        json.key("name").string(name);
        json.key("status").plain(word(status));
        json.filled_object("data", data);
    });
}

/// Adds what fails though no check does.
fn failing(json: &mut Json, name: &str, why: Option<&str>) {
    procedure(json, name, Status::Unhealthy, |json| {
        json.text("error", why);
    });
}

/// Adds a check that counts as this, and its children, none of them worse. Names of checks are taken.
fn add<'a>(
    json: &mut Json,
    told: Told<'a>,
    counts_as: Status,
    names: &mut LazyKeys<'a, impl Fn() -> Keys<'a>>,
) {
    procedure(json, told.name(), counts_as, |json| {
        data(json, told, counts_as);
    });
    for child in told.children() {
        let counts_as = child.counts_as(counts_as);
        let name = names.own(format!("{}.{}", told.name(), child.name()));
        procedure(json, &name, counts_as, |json| {
            data_of_child(json, child, counts_as);
        });
    }
}

fn data(json: &mut Json, told: Told<'_>, counts_as: Status) {
    let is_let_pass = !told.status().is_passing() && counts_as.is_passing();
    json.some("latency_ms", told.latency_ms());
    json.flag("degraded", counts_as == Status::Degraded);
    if is_let_pass && !told.is_critical() {
        json.member("critical", false);
    }
    json.flag("shared", is_let_pass && told.is_forgiven());
    json.text("caused_by", told.cause());
    texts(json, told.status(), told.text(), told.error());
    json.text("tags", joined(told.tags()).as_deref());
    measured(json, told.data());
}

fn data_of_child(json: &mut Json, child: ToldChild<'_>, counts_as: Status) {
    json.flag("degraded", counts_as == Status::Degraded);
    texts(json, child.status(), child.text(), child.error());
    measured(json, child.data());
}

fn texts(json: &mut Json, status: Status, text: Option<&str>, internal_error: Option<&str>) {
    let name = if status.is_passing() {
        "message"
    } else {
        "error"
    };
    json.text(name, text);
    json.text("internal_error", internal_error);
}

/// In one text, if there are any. One needs no memory of its own.
fn joined<'a>(mut tags: impl Iterator<Item = &'a str>) -> Option<Cow<'a, str>> {
    let mut text = Cow::Borrowed(tags.next()?);
    for tag in tags {
        text.to_mut().push_str(", ");
        text.to_mut().push_str(tag);
    }
    Some(text).filter(|text| !text.is_empty())
}

/// What is the check's own.
fn measured<'a>(json: &mut Json, data: impl Iterator<Item = (&'a str, &'a Value)>) {
    for (name, value) in beside(&OURS, data) {
        json.named(&name).value(value);
    }
}
