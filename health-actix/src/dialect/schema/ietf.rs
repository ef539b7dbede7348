//! What the bodies of the IETF dialect look like, with the real checks by name.

use health_core::{Check, Status};
use serde_json::json;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use super::About;
use super::{
    Body, Component, description, facts, object, reference, saying, text, time, value_or, words,
};
use crate::target::Target;

const REPORT: &str = "HealthIetfReport";
const OBSERVATION: &str = "HealthIetfObservation";

pub(crate) fn schemas(about: &About) -> Vec<Component> {
    vec![(REPORT, report(about)), (OBSERVATION, observation())]
}

pub(crate) fn body(target: Target, statuses: &[Status], about: &About) -> Body {
    let said: Vec<_> = statuses.iter().map(|status| word(*status)).collect();
    let schema = saying(REPORT, &said);
    let mut example = json!({ "status": said.first() });
    if let Some(check) = about.sample(target) {
        let observed = json!({
            "componentType": "component",
            "observedValue": 3.2,
            "observedUnit": "ms",
            "status": said.first(),
            "time": "2026-01-31T12:00:00Z",
        });
        example["checks"] = json!({ key(check): [observed] });
    }
    Body {
        schema,
        example: Some(example),
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "pass",
        Status::Degraded => "warn",
        Status::Unhealthy => "fail",
    }
}

fn report(about: &About) -> Schema {
    let checks = object()
        .description(Some("What each check found, and what it measured."))
        .additional_properties(Some(observations()));
    let checks = about.checks().fold(checks, |checks, check| {
        let known = observations().description(description(check));
        checks.property(key(check), known.extensions(facts(check, about)))
    });
    let notes = ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String))
        .description(Some("Why it is taken as it is."));
    object()
        .property("status", words(&["pass", "warn", "fail"]))
        .required("status")
        .property("notes", notes)
        .property("output", text("What does not pass."))
        .property("serviceId", text("The name of the service."))
        .property("description", text("Whose health it is."))
        .property("checks", checks)
        .build()
        .into()
}

/// The measurement that there is of every check.
fn key(check: &Check) -> String {
    format!("{}:responseTime", check.name())
}

fn observations() -> ArrayBuilder {
    ArrayBuilder::new().items(reference(OBSERVATION))
}

fn observation() -> Schema {
    object()
        .description(Some("What was observed of a check, or of a part of it."))
        .property("componentId", text("The part, by its name."))
        .property("componentType", words(&["component", "system"]))
        .property("observedValue", value_or([]))
        .property("observedUnit", text("The unit of the value."))
        .property("status", words(&["pass", "warn", "fail"]))
        .property("time", time("When it was observed."))
        .property("output", text("What is wrong."))
        .property("message", text("What there is to say of it."))
        .build()
        .into()
}
