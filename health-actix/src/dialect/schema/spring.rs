//! What the bodies of the Spring dialect look like, with the real checks by name.

use health_core::Status;
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema};

use super::About;
use super::{Body, Component, described, measured, object, reference, saying, text, words};
use crate::target::Target;

const REPORT: &str = "HealthSpringReport";
const PART: &str = "HealthSpringComponent";
const ERROR: &str = "HealthSpringError";

pub(crate) fn schemas(about: &About) -> Vec<Component> {
    vec![
        (REPORT, report(about)),
        (PART, part().build().into()),
        (ERROR, error(about)),
    ]
}

pub(crate) fn body(target: Target, statuses: &[Status], about: &About) -> Body {
    let name = match target {
        Target::Probe(_) | Target::Everything | Target::Group => REPORT,
        _ => PART,
    };
    let said = said(statuses);
    let mut example = json!({ "status": said[0] });
    if let (REPORT, Some(check)) = (name, about.sample(target)) {
        example["components"] = json!({ check.name(): { "status": said[0] } });
    }
    let schema = saying(name, &said);
    Body {
        schema,
        example: Some(example),
    }
}

/// What is answered where there is no report.
pub(crate) fn problem(misconfigured: bool) -> RefOr<Schema> {
    reference(if misconfigured { PART } else { ERROR })
}

fn said(statuses: &[Status]) -> Vec<&'static str> {
    let mut said = Vec::new();
    if statuses.iter().any(|status| status.is_passing()) {
        said.push("UP");
    }
    if statuses.contains(&Status::Unhealthy) {
        said.extend(["DOWN", "OUT_OF_SERVICE"]);
    }
    said
}

fn report(about: &About) -> Schema {
    let report = with_status()
        .property("description", words(&["degraded"]))
        .property("groups", groups(about));
    if !about.tells_names() {
        return report.build().into();
    }
    let components = object()
        .description(Some("The checks, and what else makes the whole fail."))
        .additional_properties(Some(reference(PART)));
    let components = about.checks().fold(components, |components, check| {
        components.property(check.name(), described(PART, check, about))
    });
    report.property("components", components).build().into()
}

fn part() -> ObjectBuilder {
    let components = object()
        .description(Some("What it is made of; there are no details then."))
        .additional_properties(Some(reference(PART)));
    with_status()
        .property("description", words(&["degraded"]))
        .property("details", measured("What there is to say of it."))
        .property("components", components)
}

fn with_status() -> ObjectBuilder {
    object()
        .property("status", words(&["UP", "DOWN", "OUT_OF_SERVICE"]))
        .required("status")
}

/// The names of probes and tags.
fn groups(about: &About) -> ArrayBuilder {
    let mut known: Vec<_> = about.tags.iter().map(String::as_str).collect();
    known.extend(["liveness", "readiness", "startup"]);
    ArrayBuilder::new()
        .items(words(&known))
        .description(Some("What can be asked for below this path."))
}

fn error(about: &About) -> Schema {
    let error = object()
        .description(Some("Why there is no report."))
        .property("error", text("What is wrong, in one word."))
        .required("error")
        .property("message", text("What is wrong, and what to do instead."))
        .required("message");
    about.with_known(error).build().into()
}
