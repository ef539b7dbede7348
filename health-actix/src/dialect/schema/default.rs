//! What the bodies of the default dialect look like, with the real checks by name.

use health_core::{Check, Probe, Status};
use serde_json::{Value, json};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use super::About;
use super::{
    Body, Component, always_true, boolean, described, measured, number, object, reference, saying,
    text, time, whole_number, words,
};
use crate::dialect::view::STILL_INITIALISING;
use crate::target::Target;

const FINDING: &str = "HealthFinding";
const CHILD: &str = "HealthChildFinding";
const CHECK: &str = "HealthCheckReport";
const GROUP: &str = "HealthGroupReport";

const fn report_name(probe: Probe) -> &'static str {
    match probe {
        Probe::Liveness => "HealthLivenessReport",
        Probe::Readiness => "HealthReadinessReport",
        Probe::Startup => "HealthStartupReport",
    }
}

/// All schemas, the real checks in those of the reports.
pub(crate) fn schemas(about: &About) -> Vec<Component> {
    let mut schemas = vec![
        (FINDING, finding(about)),
        (CHILD, child_finding(about)),
        (CHECK, check_report(about)),
        (GROUP, group_report(about)),
    ];
    let reports = Probe::ALL.map(|probe| (report_name(probe), probe_report(probe, about)));
    schemas.extend(reports);
    schemas
}

/// What is answered for these statuses.
pub(crate) fn body(target: Target, statuses: &[Status], about: &About) -> Body {
    match target {
        Target::Probe(probe) => probe_body(probe, statuses, about),
        Target::Check | Target::CheckOf(_) => {
            let example = check_example(statuses, about);
            own_status(CHECK, statuses, example)
        }
        _ => {
            let mut example = json!({ "status": first(statuses).as_str() });
            if let Some(check) = about.sample(target) {
                let healthy = first(statuses).is_passing();
                example["checks"] = json!({ check.name(): {"healthy": healthy} });
            }
            own_status(GROUP, statuses, example)
        }
    }
}

fn probe_body(probe: Probe, statuses: &[Status], about: &About) -> Body {
    let [passes, fails] = probe_words(probe);
    let mut words = Vec::new();
    if statuses.iter().any(|status| status.is_passing()) {
        words.extend(passes);
    }
    if statuses.contains(&Status::Unhealthy) {
        words.extend(fails);
    }
    Body {
        schema: saying(report_name(probe), &words),
        example: Some(probe_example(probe, statuses, about)),
    }
}

/// A report that says its own status.
fn own_status(schema: &str, statuses: &[Status], example: Value) -> Body {
    let words: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
    Body {
        schema: saying(schema, &words),
        example: Some(example),
    }
}

fn first(statuses: &[Status]) -> Status {
    statuses.first().copied().unwrap_or_default()
}

/// The words of a probe that passes, and of one that fails.
const fn probe_words(probe: Probe) -> [&'static [&'static str]; 2] {
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
const CHECK_WORDS: [&[&str]; 2] = [&["healthy", "degraded"], &["unhealthy"]];

fn probe_report(probe: Probe, about: &About) -> Schema {
    let degraded = always_true("A check is degraded, or one not critical fails.");
    let report = object()
        .property("status", words(&probe_words(probe).concat()))
        .required("status")
        .property("degraded", degraded);
    let report = if probe == Probe::Liveness {
        report.property("service", text("The name of the service."))
    } else {
        report.property("detail", text("What is to be said of a failure."))
    };
    with_checks(report, about, about.checks_of(probe))
        .build()
        .into()
}

fn group_report(about: &About) -> Schema {
    let report = object()
        .property("status", words(&CHECK_WORDS.concat()))
        .required("status");
    let members = about.checks().filter(|check| check.tags().next().is_some());
    with_checks(report, about, members).build().into()
}

/// With these checks by name; without any for those who may not know of them.
fn with_checks<'a>(
    report: ObjectBuilder,
    about: &About,
    listed: impl Iterator<Item = &'a Check>,
) -> ObjectBuilder {
    if !about.tells_names() {
        return report;
    }
    let checks = object().description(Some("What each check found."));
    let checks = listed.fold(checks, |checks, check| {
        checks.property(check.name(), described(FINDING, check, about))
    });
    report.property("checks", checks)
}

fn finding(about: &About) -> Schema {
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
    with_finding(finding, about).build().into()
}

fn child_finding(about: &About) -> Schema {
    let finding = passes_or_not(
        "What a check found of one of its children.",
        "Whether the child passes.",
    );
    let finding = with_texts(finding, "What a child that passes has to say.", about);
    with_more(finding, about).build().into()
}

fn passes_or_not(description: &str, healthy: &str) -> ObjectBuilder {
    object()
        .description(Some(description))
        .property("healthy", boolean(healthy))
        .required("healthy")
        .property(
            "degraded",
            always_true("It passes, but somebody should have a look."),
        )
}

fn with_texts(object: ObjectBuilder, message: &str, about: &About) -> ObjectBuilder {
    let object = object.property("message", text(message)).property(
        "error",
        text("What is wrong; `check failed` where that is not public."),
    );
    if about.is_full() {
        object.property("internal_error", text("The text of the error itself."))
    } else {
        object
    }
}

fn check_report(about: &About) -> Schema {
    let names = about.names();
    let name = if names.is_empty() {
        text("The name of the check.")
    } else {
        words(&names)
    };
    let report = object()
        .property("status", words(&CHECK_WORDS.concat()))
        .required("status")
        .property("name", name)
        .required("name");
    with_finding(report, about).build().into()
}

fn with_finding(object: ObjectBuilder, about: &About) -> ObjectBuilder {
    let latency = number("How long the run took, in milliseconds; absent if it did not end.");
    let finding = with_texts(object, "What a check that passes has to say.", about)
        .property("latency_ms", latency)
        .property("children", children());
    let finding = with_more(finding, about);
    if !about.is_full() {
        return finding;
    }
    let tags = ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String));
    finding
        .property(
            "reason",
            text("Why it is not simply what the check returned."),
        )
        .property("last_run", time("When the run was asked for."))
        .property("tags", tags)
        .property("timeout_ms", whole_number("How long a run may take."))
        .property("source", text("The file and line of the check."))
}

fn children() -> ObjectBuilder {
    object()
        .additional_properties(Some(reference(CHILD)))
        .description(Some(
            "The parts of what is checked, by name; absent if the run named none.",
        ))
}

/// What checks and children have in common that is for those only who may know everything.
fn with_more(object: ObjectBuilder, about: &About) -> ObjectBuilder {
    if !about.is_full() {
        return object;
    }
    object
        .property("raw_status", words(&CHECK_WORDS.concat()))
        .property("since", time("Since when it has its status."))
        .property(
            "consecutive_failures",
            whole_number("How many of the last runs in a row failed; absent if none did."),
        )
        .property("data", measured("What the run measured."))
}

/// A body of a probe as it passes or fails, with a real check if there is one.
fn probe_example(probe: Probe, statuses: &[Status], about: &About) -> Value {
    let check = about.sample(Target::Probe(probe));
    let [passes, fails] = probe_words(probe);
    let status = first(statuses);
    if status.is_passing() {
        let mut body = json!({"status": passes[0]});
        if status == Status::Degraded {
            body["degraded"] = json!(true);
        }
        if let (Probe::Readiness, Some(check)) = (probe, check) {
            body["checks"] = json!({ check.name(): {"healthy": true, "latency_ms": 3.2} });
        }
        return body;
    }
    let mut body = json!({"status": fails[0]});
    if let Some(check) = check {
        let error = timeout_of(check, Some(probe), about);
        body["checks"] = json!({ check.name(): {"healthy": false, "error": error} });
    }
    if probe == Probe::Startup {
        body["detail"] = json!(STILL_INITIALISING);
    }
    body
}

fn check_example(statuses: &[Status], about: &About) -> Value {
    let check = about.checks().next();
    let name = check.map_or("example", Check::name);
    let status = first(statuses);
    if status.is_passing() {
        return json!({"status": status.as_str(), "name": name, "latency_ms": 3.2});
    }
    let error = check.map_or_else(
        || "check failed".to_owned(),
        |check| timeout_of(check, None, about),
    );
    json!({"status": status.as_str(), "name": name, "error": error})
}

/// How long a run may take is for those only who may know everything.
fn timeout_of(check: &Check, probe: Option<Probe>, about: &About) -> String {
    if !about.is_full() {
        return "Timeout after 2000ms".to_owned();
    }
    let timeout = probe.map_or(check.timeout(), |probe| check.timeout_for(probe));
    format!("Timeout after {}ms", timeout.as_millis())
}
