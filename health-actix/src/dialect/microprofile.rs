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
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::{Format, json};
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
    checks: Procedures<'a>,
}

impl<'a> Body<'a> {
    fn new(view: &View<'a>) -> Self {
        Self {
            status: Word::of(view.status),
            checks: Procedures::Of(*view),
        }
    }

    fn failing(phase: &Phase, why: Option<&'a str>) -> Self {
        Self {
            status: Word::Down,
            checks: Procedures::Failing(name_of(phase), why),
        }
    }
}

/// The list, which is looked up where it is written: nothing is kept for a report of many.
#[derive(Debug)]
enum Procedures<'a> {
    Of(View<'a>),
    Failing(&'static str, Option<&'a str>),
}

impl Serialize for Procedures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        match self {
            Self::Failing(name, why) => {
                list.serialize_element(&Procedure::failing((*name).into(), *why))?;
            }
            Self::Of(view) => add_all(&mut list, view)?,
        }
        list.end()
    }
}

fn add_all<L: SerializeSeq>(list: &mut L, view: &View<'_>) -> Result<(), L::Error> {
    let mut names = LazyKeys::new(|| view.entries().map(Told::name).collect());
    let phase = view.failing_phase().filter(|_| view.lists_checks());
    if let Some(phase) = phase {
        let name = names.own(name_of(phase));
        list.serialize_element(&Procedure::failing(name, view.failing_phase_text()))?;
    }
    match view.scope {
        Scope::Check(told) | Scope::Child(told, _) => add(list, told, told.status(), &mut names),
        _ => view
            .entries()
            .try_for_each(|told| add(list, told, told.counts_as(), &mut names)),
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
    const fn failing(name: Cow<'a, str>, why: Option<&'a str>) -> Self {
        Self {
            name,
            status: Word::Down,
            data: Data::Failing(why),
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
fn add<'a, L: SerializeSeq>(
    list: &mut L,
    told: Told<'a>,
    counts_as: Status,
    names: &mut LazyKeys<'a, impl Fn() -> Keys<'a>>,
) -> Result<(), L::Error> {
    list.serialize_element(&Procedure {
        name: told.name().into(),
        status: Word::of(counts_as),
        data: Data::Check(told, counts_as),
    })?;
    for child in told.children() {
        let counts_as = child.counts_as(counts_as);
        list.serialize_element(&Procedure {
            name: names.own(format!("{}.{}", told.name(), child.name())),
            status: Word::of(counts_as),
            data: Data::Child(child, counts_as),
        })?;
    }
    Ok(())
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

/// What there is to say besides.
#[derive(Debug)]
enum Data<'a> {
    Check(Told<'a>, Status),
    Child(ToldChild<'a>, Status),
    Failing(Option<&'a str>),
}

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
    fn is_empty(&self) -> bool {
        self.say(&mut |_, _| Err(())).is_ok()
    }

    /// Says it all in its order, as long as somebody listens.
    fn say<E>(
        &self,
        to: &mut impl FnMut(Cow<'a, str>, Datum<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        match *self {
            Self::Check(told, counts_as) => say_of_check(told, counts_as, to),
            Self::Child(child, counts_as) => {
                say_if(counts_as == Status::Degraded, "degraded", true, to)?;
                say_texts(child.status(), child.text(), child.error(), to)?;
                say_measured(child.data(), to)
            }
            Self::Failing(why) => say_text("error", why, to),
        }
    }
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut data = serializer.serialize_map(None)?;
        self.say(&mut |name, datum| data.serialize_entry(&name, &datum))?;
        data.end()
    }
}

fn say_of_check<'a, E>(
    told: Told<'a>,
    counts_as: Status,
    to: &mut impl FnMut(Cow<'a, str>, Datum<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let is_let_pass = !told.status().is_passing() && counts_as.is_passing();
    if let Some(latency) = told.latency_ms() {
        to("latency_ms".into(), Datum::Number(latency))?;
    }
    say_if(counts_as == Status::Degraded, "degraded", true, to)?;
    say_if(is_let_pass && !told.is_critical(), "critical", false, to)?;
    say_if(is_let_pass && told.is_forgiven(), "shared", true, to)?;
    say_text("caused_by", told.cause(), to)?;
    say_texts(told.status(), told.text(), told.error(), to)?;
    say_text("tags", joined(told.tags()), to)?;
    say_measured(told.data(), to)
}

fn say_if<'a, E>(
    is_there: bool,
    name: &'static str,
    value: bool,
    to: &mut impl FnMut(Cow<'a, str>, Datum<'a>) -> Result<(), E>,
) -> Result<(), E> {
    if is_there {
        to(name.into(), Datum::Flag(value))?;
    }
    Ok(())
}

fn say_text<'a, E>(
    name: &'static str,
    text: Option<impl Into<Cow<'a, str>>>,
    to: &mut impl FnMut(Cow<'a, str>, Datum<'a>) -> Result<(), E>,
) -> Result<(), E> {
    text.map_or(Ok(()), |text| to(name.into(), Datum::Text(text.into())))
}

fn say_texts<'a, E>(
    status: Status,
    text: Option<&'a str>,
    internal_error: Option<&'a str>,
    to: &mut impl FnMut(Cow<'a, str>, Datum<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let name = if status.is_passing() {
        "message"
    } else {
        "error"
    };
    say_text(name, text, to)?;
    say_text("internal_error", internal_error, to)
}

/// What is the check's own.
fn say_measured<'a, E>(
    data: impl Iterator<Item = (&'a str, &'a Value)>,
    to: &mut impl FnMut(Cow<'a, str>, Datum<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let mut data = beside(&OURS, data);
    data.try_for_each(|(name, value)| to(name, Datum::Measured(value)))
}
