//! What the bodies of the components dialect look like, with the real checks by name.

use health_core::{Probe, Status};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use super::About;
use super::{
    Body, Component, PROBLEM, always_true, boolean, described, measured, number, object, reference,
    saying, text, time, whole_number, words,
};
use crate::target::Target;

const REPORT: &str = "HealthComponentsReport";
const PROBE: &str = "HealthComponentsProbe";
const COMPONENT: &str = "HealthComponent";

pub(crate) fn schemas(about: &About) -> Vec<Component> {
    vec![
        (REPORT, report(about)),
        (PROBE, probe()),
        (COMPONENT, component(about)),
    ]
}

pub(crate) fn body(target: Target, statuses: &[Status], about: &About) -> Body {
    let mut said: Vec<_> = statuses
        .iter()
        .map(|status| word(target, *status))
        .collect();
    said.dedup();
    let name = match target {
        Target::Probe(_) => PROBE,
        _ => REPORT,
    };
    let schema = saying(name, &said);
    let mut example = json!({ "status": said.first() });
    if let (REPORT, Some(check)) = (name, about.sample(target)) {
        let component = json!({ "status": said.first(), "latency_ms": 3.2 });
        example["components"] = json!({ check.name(): component });
    }
    Body {
        schema,
        example: Some(example),
    }
}

/// What is answered where there is no report.
pub(crate) fn problem(misconfigured: bool) -> RefOr<Schema> {
    reference(if misconfigured { REPORT } else { PROBLEM })
}

const fn word(target: Target, status: Status) -> &'static str {
    match (target, status) {
        (Target::Probe(Probe::Liveness), Status::Healthy | Status::Degraded) => "OK",
        (Target::Probe(Probe::Liveness), Status::Unhealthy) => "NOT OK",
        (Target::Probe(Probe::Readiness), Status::Healthy | Status::Degraded) => "READY",
        (Target::Probe(Probe::Readiness), Status::Unhealthy) => "NOT READY",
        (Target::Probe(Probe::Startup), Status::Healthy | Status::Degraded) => "STARTED",
        (Target::Probe(Probe::Startup), Status::Unhealthy) => "NOT STARTED",
        (_, Status::Healthy) => "UP",
        (_, Status::Degraded) => "DEGRADED",
        (_, Status::Unhealthy) => "DOWN",
    }
}

fn report(about: &About) -> Schema {
    let report = object()
        .property("status", words(&["UP", "DEGRADED", "DOWN"]))
        .required("status")
        .property("reason", text("Why it is down."))
        .property("timestamp", time("When it was asked."));
    if !about.tells_names() {
        return report.build().into();
    }
    let components = object().additional_properties(Some(reference(COMPONENT)));
    let components = about.checks().fold(components, |components, check| {
        components.property(check.name(), described(COMPONENT, check, about))
    });
    report.property("components", components).build().into()
}

fn probe() -> Schema {
    let all = [
        "OK",
        "NOT OK",
        "READY",
        "NOT READY",
        "STARTED",
        "NOT STARTED",
    ];
    object()
        .property("status", words(&all))
        .required("status")
        .property(
            "degraded",
            always_true("It passes, but something is degraded."),
        )
        .property("reason", text("Why it fails."))
        .property("timestamp", time("When it was asked."))
        .build()
        .into()
}

fn component(about: &About) -> Schema {
    let component = object()
        .property("status", words(&["UP", "DEGRADED", "DOWN"]))
        .required("status")
        .property("message", text("What there is to say of it."))
        .property(
            "critical",
            boolean("False where a failure does not fail the whole."),
        )
        .property(
            "shared",
            always_true("All replicas share this failure, so that it does not fail the whole."),
        )
        .property(
            "caused_by",
            text("The check whose failure is the cause of this one."),
        )
        .property("latency_ms", number("How long the run took."))
        .property(
            "uptime_seconds",
            whole_number("For how long the service has been there."),
        )
        .property(
            "components",
            object().additional_properties(Some(reference(COMPONENT))),
        );
    if !about.is_full() {
        return component.build().into();
    }
    let tags = ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String));
    component
        .property("error", text("The text of the error itself."))
        .property("tags", tags)
        .property("data", measured("What was measured."))
        .build()
        .into()
}
