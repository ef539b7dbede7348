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
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::{Format, json};
use super::members::{Keys, Members, beside};
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
        json(&Body::new(view))
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
            return json(&Body::failing(&Phase::Misconfigured, Some(problem.detail)));
        }
        json(problem)
    }
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    status: Word,
    checks: Vec<Procedure<'a>>,
}

impl<'a> Body<'a> {
    fn new(view: &View<'a>) -> Self {
        let mut names: Keys<'_> = view.entries().map(Told::name).collect();
        let phase = view.failing_phase().filter(|_| view.lists_checks());
        let phase = phase.map(|phase| {
            let name = names.own(name_of(phase));
            Procedure::failing(name, view.failing_phase_text())
        });
        let mut checks = Vec::from_iter(phase);
        let mut add = |told, counts_as| add(&mut checks, told, counts_as, &mut names);
        match view.scope {
            Scope::Check(told) | Scope::Child(told, _) => add(told, told.status()),
            _ => view.entries().for_each(|told| add(told, told.counts_as())),
        }
        Self {
            status: Word::of(view.status),
            checks,
        }
    }

    fn failing(phase: &Phase, why: Option<&'a str>) -> Self {
        Self {
            status: Word::Down,
            checks: vec![Procedure::failing(name_of(phase).into(), why)],
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Word {
    Up,
    Down,
}

impl Word {
    const fn of(status: Status) -> Self {
        if status.is_passing() {
            Self::Up
        } else {
            Self::Down
        }
    }
}

/// The result of a health check procedure.
#[derive(Debug, Serialize)]
struct Procedure<'a> {
    name: Cow<'a, str>,
    status: Word,
    #[serde(skip_serializing_if = "Data::is_empty")]
    data: Data<'a>,
}

impl<'a> Procedure<'a> {
    fn failing(name: Cow<'a, str>, why: Option<&'a str>) -> Self {
        let mut data = Data::default();
        data.text("error", why);
        Self {
            name,
            status: Word::Down,
            data,
        }
    }
}

const fn name_of(phase: &Phase) -> &'static str {
    match phase {
        Phase::Draining => "Graceful Shutdown",
        Phase::Maintenance(_) => "Maintenance",
        Phase::Misconfigured => "Configuration",
        _ => "Startup",
    }
}

/// Adds a check that counts as this, and its children, none of them worse. Names of checks are taken.
fn add<'a>(
    checks: &mut Vec<Procedure<'a>>,
    told: Told<'a>,
    counts_as: Status,
    names: &mut Keys<'a>,
) {
    checks.push(Procedure {
        name: told.name().into(),
        status: Word::of(counts_as),
        data: Data::of(told, counts_as),
    });
    checks.extend(told.children().map(|child| {
        let counts_as = child.counts_as(counts_as);
        Procedure {
            name: names.own(format!("{}.{}", told.name(), child.name())),
            status: Word::of(counts_as),
            data: Data::of_child(child, counts_as),
        }
    }));
}

/// What there is to say besides, in this order.
#[derive(Debug, Default, Serialize)]
struct Data<'a>(Members<'a, Datum<'a>>);

/// Neither null, nor made of others.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Datum<'a> {
    Flag(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Measured(&'a Value),
}

impl<'a> Data<'a> {
    fn of(told: Told<'a>, counts_as: Status) -> Self {
        let is_let_pass = !told.status().is_passing() && counts_as.is_passing();
        let mut data = Self::default();
        data.add("latency_ms", told.latency_ms().map(Datum::Number));
        data.flag("degraded", true, counts_as == Status::Degraded);
        data.flag("critical", false, is_let_pass && !told.is_critical());
        data.flag("shared", true, is_let_pass && told.is_forgiven());
        data.text("caused_by", told.cause());
        data.texts(told.status(), told.text(), told.error());
        let tags: Vec<_> = told.tags().collect();
        data.text(
            "tags",
            Some(tags.join(", ")).filter(|tags| !tags.is_empty()),
        );
        data.measured(told.data());
        data
    }

    fn of_child(child: ToldChild<'a>, counts_as: Status) -> Self {
        let mut data = Self::default();
        data.flag("degraded", true, counts_as == Status::Degraded);
        data.texts(child.status(), child.text(), child.error());
        data.measured(child.data());
        data
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, name: &'static str, datum: Option<Datum<'a>>) {
        self.0.0.extend(datum.map(|datum| (name.into(), datum)));
    }

    fn flag(&mut self, name: &'static str, value: bool, is_there: bool) {
        self.add(name, is_there.then_some(Datum::Flag(value)));
    }

    fn text(&mut self, name: &'static str, text: Option<impl Into<Cow<'a, str>>>) {
        self.add(name, text.map(|text| Datum::Text(text.into())));
    }

    fn texts(&mut self, status: Status, text: Option<&'a str>, internal_error: Option<&'a str>) {
        let name = if status.is_passing() {
            "message"
        } else {
            "error"
        };
        self.text(name, text);
        self.text("internal_error", internal_error);
    }

    /// What is the check's own.
    fn measured(&mut self, data: impl Iterator<Item = (&'a str, &'a Value)>) {
        let data = beside(&OURS, data);
        let data = data.map(|(name, value)| (name, Datum::Measured(value)));
        self.0.0.extend(data);
    }
}
