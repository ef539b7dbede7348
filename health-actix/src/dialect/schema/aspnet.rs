//! What the bodies of the ASP.NET dialect look like, with the real checks by name.

use health_core::{Check, Status};
use serde_json::{Map, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use super::About;
use super::{Body, Component, described, object, reference, saying, text, value_or, words};
use crate::target::Target;

const REPORT: &str = "HealthAspNetReport";
const ENTRY: &str = "HealthAspNetEntry";

pub(crate) fn schemas(about: &About) -> Vec<Component> {
    vec![(REPORT, report(about)), (ENTRY, entry())]
}

pub(crate) fn body(target: Target, statuses: &[Status], about: &About) -> Body {
    let took = "00:00:00.0123456";
    let said: Vec<_> = statuses.iter().map(|status| word(*status)).collect();
    let schema = saying(REPORT, &said);
    let entry = json!({"data": {}, "duration": took, "status": said.first()});
    let check = about.sample(target).map(Check::name);
    let entries = check.map(|name| (name.to_owned(), entry));
    Body {
        schema,
        example: Some(json!({
            "status": said.first(),
            "totalDuration": took,
            "entries": Map::from_iter(entries),
        })),
    }
}

/// What is no report is one all the same.
pub(crate) fn problem() -> RefOr<Schema> {
    reference(REPORT)
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "Healthy",
        Status::Degraded => "Degraded",
        Status::Unhealthy => "Unhealthy",
    }
}

fn report(about: &About) -> Schema {
    let entries = object()
        .description(Some("What each check found, and what else makes it fail."))
        .additional_properties(Some(reference(ENTRY)));
    let entries = about.checks().fold(entries, |entries, check| {
        entries.property(check.name(), described(ENTRY, check, about))
    });
    with_status()
        .property("totalDuration", duration("How long it took to find out."))
        .required("totalDuration")
        .property("entries", entries)
        .required("entries")
        .build()
        .into()
}

fn entry() -> Schema {
    let tags = ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String));
    with_status()
        .description(Some("What one check found."))
        .property("data", data())
        .required("data")
        .property("description", text("What there is to say of it."))
        .property("duration", duration("How long the run took."))
        .required("duration")
        .property("exception", text("The text of the error itself."))
        .property("tags", tags)
        .build()
        .into()
}

/// What was measured; or names, where it is told what would be known.
fn data() -> ObjectBuilder {
    let names = ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String));
    object().additional_properties(Some(value_or([names.build().into()])))
}

fn with_status() -> ObjectBuilder {
    object()
        .property("status", words(&["Healthy", "Degraded", "Unhealthy"]))
        .required("status")
}

/// A `TimeSpan`, as .NET writes it.
fn duration(description: &str) -> ObjectBuilder {
    text(description).pattern(Some(r"^-?(\d+\.)?\d\d:\d\d:\d\d(\.\d{7})?$"))
}
