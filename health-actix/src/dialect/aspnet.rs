//! The report of ASP.NET's health checks, as the dashboard of `AspNetCore.Diagnostics.HealthChecks`
//! collects it.
//!
//! Source: Xabaril/AspNetCore.Diagnostics.HealthChecks, `3b6abbd`: `UIResponseWriter` and
//! `UIHealthReport` (the members, in their order; enumerations as words; what is null is left
//! out), `HealthCheckReportCollector` (what is read of it: a report that fails only where the media
//! type is `application/json`). Durations are what `TimeSpan.ToString` writes: see
//! [`time_span`]. The names of what belongs to no check are those of
//! dotnet/extensions, `Microsoft.Extensions.Diagnostics.HealthChecks.Common`:
//! `ApplicationLifecycle` ("Not Started", "Stopping") and, for what an operator says, `Manual`.
//!
//! Decided, where ASP.NET has no word for it:
//!
//! - A check that fails without failing the whole is `Degraded`, as with ASP.NET's `failureStatus`:
//!   the whole is as bad as the worst of its entries.
//! - A check is one entry in ASP.NET. Here a child is another, called `check.child`, which is
//!   never worse than its check; with `_` behind it where a check is called so.
//! - The duration of what has not ended, or never ran, and that of a child is `00:00:00`: it is not
//!   known, and may not be missing.
//! - `exception` is the private text and `tags` are those of the check: only for those who may know
//!   everything, as the values in `data`, which is an empty object for all others. A number that
//!   is not finite is null.
//! - `Cache-Control` is `no-store`; ASP.NET says the same in three headers, for caches of
//!   HTTP/1.0 too.
//! - What is no report is one all the same, with an entry `Endpoint`, which is how the dashboard
//!   itself calls an endpoint that it cannot read.

use std::borrow::Cow;
use std::time::Duration;

use health_core::{Phase, Status, Value};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::{Format, json};
use super::members::{LazyKeys, Members};
use super::problem::Problem;
use super::schema::{self, About};
use super::schema::{Body, Component};
use super::time::{TimeSpan, time_span};
use super::view::{Told, ToldChild, View};
use crate::target::Target;

#[derive(Debug)]
pub(super) struct AspNet;

impl Format for AspNet {
    fn name(&self) -> &'static str {
        "aspnet"
    }

    fn write(&self, view: &View<'_>) -> Vec<u8> {
        json(&Report {
            status: Word::of(view.status),
            total_duration: time_span(view.asker.moment.took()),
            entries: Members(entries(view)),
        })
    }

    fn schemas(&self, about: &About) -> Vec<Component> {
        schema::aspnet::schemas(about)
    }

    fn body(&self, target: Target, statuses: &[Status], about: &About) -> Body {
        schema::aspnet::body(target, statuses, about)
    }

    fn problem_schema(&self, _problem: &Problem) -> RefOr<Schema> {
        schema::aspnet::problem()
    }

    fn write_problem(&self, problem: &Problem) -> Vec<u8> {
        let mut entry = Entry::new(Word::Unhealthy, Some(problem.detail));
        let known = problem.known.as_deref().map(Datum::Names);
        entry
            .data
            .0
            .extend(known.map(|known| ("known".into(), known)));
        json(&Report {
            status: Word::Unhealthy,
            total_duration: time_span(Duration::ZERO),
            entries: Members(vec![("Endpoint".into(), entry)]),
        })
    }
}

/// What ASP.NET calls a status.
#[derive(Clone, Copy, Debug, Serialize)]
enum Word {
    Healthy,
    Degraded,
    Unhealthy,
}

impl Word {
    const fn of(status: Status) -> Self {
        match status {
            Status::Healthy => Self::Healthy,
            Status::Degraded => Self::Degraded,
            Status::Unhealthy => Self::Unhealthy,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    status: Word,
    total_duration: TimeSpan,
    entries: Members<'a, Entry<'a>>,
}

/// What fails though no check does, and then the checks, each with its children behind it.
fn entries<'a>(view: &View<'a>) -> Vec<(Cow<'a, str>, Entry<'a>)> {
    let names = || view.entries().map(Told::name).collect();
    let mut names = LazyKeys::new(names);
    let mut entries = Vec::with_capacity(view.entries.len() + 1);
    if let Some((name, description)) = state(view) {
        let entry = Entry::new(Word::Unhealthy, Some(description));
        entries.push((names.own(name), entry));
    }
    for told in view.entries() {
        entries.push((told.name().into(), Entry::of(told)));
        for child in told.children() {
            let name = names.own(format!("{}.{}", told.name(), child.name()));
            entries.push((name, Entry::of_child(child, told.counts_as())));
        }
    }
    entries
}

/// The name of what fails though no check does, and what to say of it.
fn state<'a>(view: &View<'a>) -> Option<(&'static str, &'a str)> {
    let text = view.failing_phase_text()?;
    Some(match view.failing_phase()? {
        Phase::Starting => (
            "ApplicationLifecycle",
            view.progress().unwrap_or("Not Started"),
        ),
        Phase::Draining => ("ApplicationLifecycle", "Stopping"),
        Phase::Maintenance(_) => ("Manual", text),
        _ => ("ApplicationLifecycle", text),
    })
}

/// A check, or a child of one.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    data: Members<'a, Datum<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    duration: TimeSpan,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a str>,
    status: Word,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<&'a str>>,
}

impl<'a> Entry<'a> {
    fn new(status: Word, description: Option<&'a str>) -> Self {
        Self {
            data: Members::default(),
            description,
            duration: time_span(Duration::ZERO),
            exception: None,
            status,
            tags: None,
        }
    }

    fn of(told: Told<'a>) -> Self {
        Self {
            data: measured(told.data()),
            duration: time_span(told.latency().unwrap_or_default()),
            exception: told.error(),
            tags: told.full().map(|entry| entry.check().tags().collect()),
            ..Self::new(Word::of(told.counts_as()), told.text())
        }
    }

    fn of_child(child: ToldChild<'a>, check: Status) -> Self {
        Self {
            data: measured(child.data()),
            exception: child.error(),
            ..Self::new(Word::of(child.counts_as(check)), child.text())
        }
    }
}

fn measured<'a>(data: impl Iterator<Item = (&'a str, &'a Value)>) -> Members<'a, Datum<'a>> {
    Members::named(data.map(|(name, value)| (name, Datum::Measured(value))))
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Datum<'a> {
    Measured(&'a Value),
    Names(&'a [String]),
}
