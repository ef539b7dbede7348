//! What the bodies of the MicroProfile dialect look like, with the real checks by name.

use health_core::{Check, Status};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Schema};

use super::About;
use super::{Body, Component, PROBLEM, measured, object, reference, saying, text, words};
use crate::target::Target;

const REPORT: &str = "HealthMicroProfileReport";
const CHECK: &str = "HealthMicroProfileCheck";

pub(crate) fn schemas(about: &About) -> Vec<Component> {
    vec![(REPORT, report(about)), (CHECK, check())]
}

pub(crate) fn body(target: Target, statuses: &[Status], about: &About) -> Body {
    let passing = |passes: bool| move |status: &Status| status.is_passing() == passes;
    let mut said = Vec::new();
    if statuses.iter().any(passing(true)) {
        said.push("UP");
    }
    if statuses.iter().any(passing(false)) {
        said.push("DOWN");
    }
    let name = about.sample(target).map(Check::name);
    let checks = name.map(|name| json!({ "name": name, "status": said[0] }));
    let schema = saying(REPORT, &said);
    Body {
        example: Some(json!({ "status": said[0], "checks": Vec::from_iter(checks) })),
        schema,
    }
}

/// What is answered where there is no report.
pub(crate) fn problem(misconfigured: bool) -> RefOr<Schema> {
    reference(if misconfigured { REPORT } else { PROBLEM })
}

fn report(about: &About) -> Schema {
    let line = |check: &Check| match check.description().lines().next() {
        Some(summary) => format!("\n- `{}`: {summary}", check.name()),
        None => format!("\n- `{}`", check.name()),
    };
    let known: String = about.checks().map(line).collect();
    let checks = ArrayBuilder::new()
        .items(reference(CHECK))
        .description(Some(format!("What each check found.\n{known}").trim()));
    object()
        .property("status", words(&["UP", "DOWN"]))
        .required("status")
        .property("checks", checks)
        .required("checks")
        .build()
        .into()
}

/// Beside those that are registered there are children, and what else makes a probe fail.
fn check() -> Schema {
    object()
        .description(Some("What one check found."))
        .property("name", text("The name of the check."))
        .required("name")
        .property("status", words(&["UP", "DOWN"]))
        .required("status")
        .property("data", measured("What there is to say of it."))
        .build()
        .into()
}
