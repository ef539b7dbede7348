//! What the bodies look like, with the real checks by name.

use health_core::{Check, Probe};
use serde_json::json;
use utoipa::openapi::extensions::{Extensions, ExtensionsBuilder};
use utoipa::openapi::schema::{
    AllOfBuilder, Components, ComponentsBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat,
    Type,
};
use utoipa::openapi::{Ref, RefOr};

use super::Known;
use crate::dialect::problem::{METHOD_NOT_ALLOWED, MISCONFIGURED, NOT_FOUND};

/// The names of the components; prefixed, so that they do not clash with a user's own.
const FINDING: &str = "HealthFinding";
const CHILD: &str = "HealthChildFinding";
pub(super) const CHECK: &str = "HealthCheckReport";
pub(super) const PROBLEM: &str = "HealthProblem";

pub(super) const fn report_name(probe: Probe) -> &'static str {
    match probe {
        Probe::Liveness => "HealthLivenessReport",
        Probe::Readiness => "HealthReadinessReport",
        Probe::Startup => "HealthStartupReport",
    }
}

/// All schemas, the real checks in those of the reports.
pub(super) fn components(known: &Known) -> Components {
    let mut components = ComponentsBuilder::new()
        .schema(FINDING, finding())
        .schema(CHILD, child_finding())
        .schema(CHECK, check_report(known))
        .schema(PROBLEM, problem());
    for probe in Probe::ALL {
        components = components.schema(report_name(probe), probe_report(probe, known));
    }
    components.build()
}

pub(super) fn reference(schema: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(schema))
}

/// The words of a probe that passes, and of one that fails.
pub(super) const fn probe_words(probe: Probe) -> [&'static [&'static str]; 2] {
    match probe {
        Probe::Liveness => [&["alive"], &["unhealthy"]],
        Probe::Readiness => [
            &["ready"],
            &["not_ready", "draining", "maintenance", "misconfigured"],
        ],
        Probe::Startup => [&["started"], &["starting", "misconfigured"]],
    }
}

/// The same of one check.
pub(super) const CHECK_WORDS: [&[&str]; 2] = [&["healthy", "degraded"], &["unhealthy"]];

/// A report with one of these words.
pub(super) fn with_status(schema: &str, words: &[&str]) -> RefOr<Schema> {
    let status = ObjectBuilder::new().property("status", words_schema(words));
    let both = AllOfBuilder::new().item(reference(schema)).item(status);
    RefOr::T(both.build().into())
}

fn probe_report(probe: Probe, known: &Known) -> Schema {
    let mut report = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("status", words_schema(&probe_words(probe).concat()))
        .required("status")
        .property(
            "degraded",
            always_true("A check is degraded, or one not critical fails."),
        );
    report = if probe == Probe::Liveness {
        report.property("service", text("The name of the service."))
    } else {
        report.property("detail", text("What is to be said of a failure."))
    };
    let mut checks = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("What each check found."));
    for check in known.checks().filter(|check| check.concerns(probe)) {
        checks = checks.property(check.name(), named_finding(check));
    }
    report.property("checks", checks).build().into()
}

/// What one real check may find, with what is known of it.
fn named_finding(check: &Check) -> Schema {
    let description = Some(check.description()).filter(|text| !text.is_empty());
    AllOfBuilder::new()
        .item(reference(FINDING))
        .description(description)
        .extensions(Some(facts(check)))
        .build()
        .into()
}

fn facts(check: &Check) -> Extensions {
    let kinds: Vec<_> = check.probes().iter().map(Probe::as_str).collect();
    let tags: Vec<_> = check.tags().collect();
    let timeout = u64::try_from(check.timeout().as_millis()).unwrap_or(u64::MAX);
    ExtensionsBuilder::new()
        .add("x-health-kind", json!(kinds))
        .add("x-health-timeout-ms", json!(timeout))
        .add("x-health-critical", json!(check.is_critical()))
        .add("x-health-tags", json!(tags))
        .build()
}

fn finding() -> Schema {
    let finding = passes_or_not("What one check found.", "Whether the check passes.")
        .property(
            "critical",
            boolean("False where a failure does not fail the probe."),
        )
        .property(
            "shared",
            always_true("All replicas share this failure, so that it does not fail the probe."),
        )
        .property(
            "caused_by",
            text("The check whose failure is the cause of this one."),
        );
    with_finding(finding).build().into()
}

fn child_finding() -> Schema {
    let finding = passes_or_not(
        "What a check found of one of its children.",
        "Whether the child passes.",
    );
    with_texts(finding, "What a child that passes has to say.")
        .build()
        .into()
}

fn passes_or_not(description: &str, healthy: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .property("healthy", boolean(healthy))
        .required("healthy")
        .property(
            "degraded",
            always_true("It passes, but somebody should have a look."),
        )
}

fn with_texts(object: ObjectBuilder, message: &str) -> ObjectBuilder {
    object.property("message", text(message)).property(
        "error",
        text("What is wrong; `check failed` where that is not public."),
    )
}

/// The name of a real check.
pub(super) fn check_name(known: &Known) -> ObjectBuilder {
    let names: Vec<_> = known.checks().map(Check::name).collect();
    let name = ObjectBuilder::new().schema_type(Type::String);
    if names.is_empty() {
        name
    } else {
        name.enum_values(Some(names))
    }
}

fn check_report(known: &Known) -> Schema {
    let report = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("status", words_schema(&CHECK_WORDS.concat()))
        .required("status")
        .property("name", check_name(known))
        .required("name");
    with_finding(report).build().into()
}

fn with_finding(object: ObjectBuilder) -> ObjectBuilder {
    let latency = ObjectBuilder::new()
        .schema_type(Type::Number)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
        .minimum(Some(0.0))
        .description(Some(
            "How long the run took, in milliseconds; absent if it did not end.",
        ));
    let children = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(reference(CHILD)))
        .description(Some(
            "The parts of what is checked, by name; absent if the run named none.",
        ));
    with_texts(object, "What a check that passes has to say.")
        .property("latency_ms", latency)
        .property("children", children)
}

fn problem() -> Schema {
    let problems = [NOT_FOUND, METHOD_NOT_ALLOWED, MISCONFIGURED].map(|problem| problem.status);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Why there is no report."))
        .property("status", words_schema(&problems))
        .required("status")
        .property("detail", text("What is wrong, and what to do instead."))
        .required("detail")
        .build()
        .into()
}

fn words_schema(words: &[&str]) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
}

fn boolean(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(description))
}

/// A flag that is absent unless it is true.
fn always_true(description: &str) -> ObjectBuilder {
    boolean(description).enum_values(Some([true]))
}
