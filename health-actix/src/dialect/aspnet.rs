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

use health_core::{Phase, Status};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::Format;
use super::json::Json;
use super::members::LazyKeys;
use super::problem::Problem;
use super::schema::{self, About};
use super::schema::{Body, Component};
use super::time::time_span;
use super::view::{Told, ToldChild, View};
use crate::target::Target;

#[derive(Debug)]
pub(super) struct AspNet;

impl Format for AspNet {
    fn name(&self) -> &'static str {
        "aspnet"
    }

    fn write(&self, view: &View<'_>) -> Vec<u8> {
        Json::of(|json| {
            json.key("status").plain(word(view.status));
            let took = time_span(view.asker.moment.took());
            json.key("totalDuration").plain(took.as_bytes());
            json.key("entries").object(|json| entries(json, view));
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
        Json::of(|json| {
            json.key("status").plain(word(Status::Unhealthy));
            json.key("totalDuration").plain(UNKNOWN);
            json.key("entries").object(|json| {
                json.key("Endpoint").object(|json| {
                    json.key("data").object(|json| {
                        if let Some(known) = &problem.known {
                            json.key("known").list(|json| json.strings(known.iter()));
                        }
                    });
                    state(json, problem.detail);
                });
            });
        })
    }
}

/// The duration of what has none that is known.
const UNKNOWN: &str = "00:00:00";

/// What ASP.NET calls a status.
const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "Healthy",
        Status::Degraded => "Degraded",
        Status::Unhealthy => "Unhealthy",
    }
}

/// What fails though no check does, and then the checks, each with its children behind it.
fn entries(json: &mut Json, view: &View<'_>) {
    let names = || view.entries().map(Told::name).collect();
    let mut names = LazyKeys::new(names);
    if let Some((name, description)) = failing_phase(view) {
        json.named(&names.own(name)).object(|json| {
            json.key("data").object(|_| {});
            state(json, description);
        });
    }
    for told in view.entries() {
        json.named(told.name()).object(|json| entry(json, told));
        for child in told.children() {
            let name = names.own(format!("{}.{}", told.name(), child.name()));
            json.named(&name)
                .object(|json| entry_of_child(json, child, told.counts_as()));
        }
    }
}

/// The name of what fails though no check does, and what to say of it.
fn failing_phase<'a>(view: &View<'a>) -> Option<(&'static str, &'a str)> {
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

/// The members behind the data of what is no check.
fn state(json: &mut Json, description: &str) {
    json.key("description").string(description);
    json.key("duration").plain(UNKNOWN);
    json.key("status").plain(word(Status::Unhealthy));
}

fn entry(json: &mut Json, told: Told<'_>) {
    let duration = time_span(told.latency().unwrap_or_default());
    json.key("data").object(|json| json.values(told.data()));
    json.text("description", told.text());
    json.key("duration").plain(duration.as_bytes());
    json.text("exception", told.error());
    json.key("status").plain(word(told.counts_as()));
    if let Some(entry) = told.full() {
        json.key("tags")
            .list(|json| json.strings(entry.check().tags()));
    }
}

fn entry_of_child(json: &mut Json, child: ToldChild<'_>, check: Status) {
    json.key("data").object(|json| json.values(child.data()));
    json.text("description", child.text());
    json.key("duration").plain(UNKNOWN);
    json.text("exception", child.error());
    json.key("status").plain(word(child.counts_as(check)));
}
