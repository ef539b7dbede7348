//! The OpenAPI 3.1 document: what the endpoints are, and every real check by name.

mod schema;

use actix_web::http::Method;
use std::sync::Arc;

use health_core::{Check, Health, Probe};
use serde_json::{Value, json};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Content, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, RefOr, Required, Response,
    ResponseBuilder,
};

use self::schema::{
    CHECK, CHECK_WORDS, PROBLEM, check_name, probe_words, reference, report_name, with_status,
};
use crate::dialect::default::STILL_INITIALISING;
use crate::dialect::problem::{METHOD_NOT_ALLOWED, MISCONFIGURED, NO_GROUP, NOT_FOUND};
use crate::endpoint::{Endpoint, METHODS, NAME, REST, TAG as TAG_PARAMETER, Target, below};

/// The tag of all operations.
const TAG: &str = "health";

/// What a document tells of: the checks as they were at one moment.
#[derive(Debug)]
pub(crate) struct Known {
    checks: Vec<Arc<Check>>,
    misconfigured: bool,
}

impl Known {
    pub(crate) fn of(health: &Health) -> Self {
        Self {
            checks: health.checks(),
            misconfigured: health.is_misconfigured(),
        }
    }

    fn checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().map(|check| &**check)
    }
}

/// The document as JSON.
pub(crate) fn json(known: &Known, endpoints: &[Endpoint], scope: &str) -> String {
    // Its keys are strings and its numbers finite, so it can always be written. By way of a
    // value its members are sorted: those of extensions otherwise change places.
    let document = serde_json::to_value(document(known, endpoints, scope)).unwrap_or_default();
    document.to_string()
}

/// The document as a typed value.
pub(crate) fn document(known: &Known, endpoints: &[Endpoint], scope: &str) -> OpenApi {
    let mut paths = PathsBuilder::new();
    for endpoint in endpoints {
        let path = below(scope, &endpoint.path.replace("{path:.*}", "{path}"));
        let item = path_item(endpoint, &path, known);
        paths = paths.path(path, item);
    }
    let info = InfoBuilder::new()
        .title("Health")
        .description(Some(
            "Liveness, readiness and startup of the service, and its checks.",
        ))
        .version(env!("CARGO_PKG_VERSION"));
    let tag = TagBuilder::new()
        .name(TAG)
        .description(Some("Is the service alive, can it serve, has it started?"));
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(schema::components(known)))
        .tags(Some([tag.build()]))
        .build()
}

fn path_item(endpoint: &Endpoint, path: &str, known: &Known) -> PathItem {
    let id = operation_id(path);
    let mut item = PathItem::default();
    for method in METHODS {
        let (slot, suffix) = match method {
            Method::GET => (&mut item.get, ""),
            Method::HEAD => (&mut item.head, "Head"),
            _ => (&mut item.options, "Options"),
        };
        let operation = operation(endpoint, &method, known);
        *slot = Some(
            operation
                .operation_id(Some(format!("{id}{suffix}")))
                .build(),
        );
    }
    item
}

/// `healthChecksName` for `/health/checks/{name}`: unique, whatever else is in a document.
fn operation_id(path: &str) -> String {
    let mut id = String::new();
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        if id.is_empty() {
            id.push_str(word);
        } else {
            let (first, rest) = word.split_at(1);
            id.push_str(&first.to_ascii_uppercase());
            id.push_str(rest);
        }
    }
    if id.is_empty() { "root".to_owned() } else { id }
}

fn operation(endpoint: &Endpoint, method: &Method, known: &Known) -> OperationBuilder {
    let (summary, description) = describe(endpoint.target, known);
    let note = match *method {
        Method::GET => "",
        Method::HEAD => "\n\nAs GET, without the body.",
        _ => {
            "\n\nAs GET, for balancers that probe with OPTIONS; a CORS preflight is answered with \
             204 and says nothing of health."
        }
    };
    let mut operation = OperationBuilder::new()
        .tag(TAG)
        .summary(Some(summary))
        .description(Some(format!("{description}{note}")));
    operation = match endpoint.target {
        Target::Check | Target::CheckOf(_) => operation.parameter(name_parameter(known)),
        Target::Group => {
            operation.parameter(parameter(TAG_PARAMETER, "The tag that the checks have."))
        }
        Target::Tree => operation.parameter(parameter(REST, "What is asked for.")),
        Target::Probe(_) | Target::Everything | Target::Document => operation,
    };
    for (code, response) in responses(endpoint, known, *method != Method::HEAD) {
        operation = operation.response(code, response);
    }
    if *method == Method::OPTIONS {
        let preflight = ResponseBuilder::new()
            .description("A CORS preflight.")
            .header("Allow", header("The methods that are answered."));
        operation = operation.response("204", preflight.build());
    }
    operation
}

/// Summary and description of an endpoint.
fn describe(target: Target, known: &Known) -> (&'static str, String) {
    match target {
        Target::Probe(probe) => {
            let (summary, about) = match probe {
                Probe::Liveness => (
                    "Is the process alive?",
                    "Fails only for what a restart would repair. Not for balancers: point them \
                     at readiness.",
                ),
                Probe::Readiness => (
                    "Can the service serve?",
                    "Fails while a critical check fails, before startup has passed, while the \
                     service drains, and during maintenance. Point balancers here.",
                ),
                Probe::Startup => (
                    "Has the service started?",
                    "Fails until every critical startup check has passed once.",
                ),
            };
            let serving = known
                .checks()
                .filter(|check| check.probes().contains(probe));
            (
                summary,
                format!("{about}{}", check_list(serving, Some(probe))),
            )
        }
        Target::Everything => (
            "How is everything doing?",
            format!(
                "All checks, and the lifecycle.{}",
                check_list(known.checks(), None)
            ),
        ),
        Target::Group => (
            "How is what belongs together doing?",
            "The checks that have a tag, whatever the service's lifecycle.".to_owned(),
        ),
        Target::Check | Target::CheckOf(_) | Target::Tree => (
            "How is one check doing?",
            format!(
                "The check's own status, whatever its criticality and the service's lifecycle.{}",
                check_list(known.checks(), None)
            ),
        ),
        Target::Document => (
            "This document",
            "The OpenAPI document of these endpoints.".to_owned(),
        ),
    }
}

/// The checks as a Markdown list, which every viewer of OpenAPI shows: as they are for this probe,
/// or of themselves.
fn check_list<'a>(checks: impl Iterator<Item = &'a Check>, probe: Option<Probe>) -> String {
    let line = |check: &Check| {
        let summary = summary(check.description());
        let timeout = probe.map_or(check.timeout(), |probe| check.timeout_for(probe));
        let critical = probe.map_or(check.is_critical(), |probe| check.is_critical_for(probe));
        let criticality = if critical { "" } else { ", not critical" };
        let separator = if summary.is_empty() { "" } else { ": " };
        format!(
            "\n- `{}` ({} ms{criticality}){separator}{summary}",
            check.name(),
            timeout.as_millis()
        )
    };
    let lines: String = checks.map(line).collect();
    if lines.is_empty() {
        "\n\nThere are no checks.".to_owned()
    } else {
        format!("\n\nChecks:\n{lines}")
    }
}

/// The first paragraph, on one line.
fn summary(description: &str) -> String {
    let paragraph = description
        .lines()
        .take_while(|line| !line.trim().is_empty());
    paragraph.map(str::trim).collect::<Vec<_>>().join(" ")
}

fn parameter(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn name_parameter(known: &Known) -> Parameter {
    ParameterBuilder::new()
        .name(NAME)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The name of the check."))
        .schema(Some(check_name(known)))
        .build()
}

fn responses(endpoint: &Endpoint, known: &Known, has_body: bool) -> Vec<(&'static str, Response)> {
    let answer = |description: &str, schema: RefOr<Schema>, example: Value| {
        response(description, has_body.then_some((schema, example)))
    };
    let problem = || reference(PROBLEM);
    let mut responses = match endpoint.target {
        Target::Probe(probe) => {
            let [passing, failing] = probe_examples(probe, known);
            let [passes, fails] = probe_words(probe);
            let report = |words| with_status(report_name(probe), words);
            let failing = answer("It fails.", report(fails), failing);
            vec![
                ("200", answer("It passes.", report(passes), passing).build()),
                ("503", with_retry_after(probe, failing).build()),
            ]
        }
        Target::Everything | Target::Group | Target::Tree => {
            let any = || {
                RefOr::T(Schema::Object(
                    ObjectBuilder::new().schema_type(Type::Object).build(),
                ))
            };
            let status = |status: &str| json!({ "status": status });
            vec![
                (
                    "200",
                    answer("It passes.", any(), status("healthy")).build(),
                ),
                (
                    "503",
                    answer("It fails.", any(), status("unhealthy")).build(),
                ),
                (
                    "404",
                    answer("There is no such thing.", problem(), json!(NO_GROUP)).build(),
                ),
            ]
        }
        Target::Check | Target::CheckOf(_) => {
            let [passing, failing] = check_examples(known);
            let [passes, fails] = CHECK_WORDS;
            let unhealthy = if known.misconfigured {
                answer(
                    "The health checks are misconfigured.",
                    problem(),
                    json!(MISCONFIGURED),
                )
            } else {
                answer("Unhealthy.", with_status(CHECK, fails), failing)
            };
            let known = answer("Healthy or degraded.", with_status(CHECK, passes), passing);
            let unknown = answer("There is no such check.", problem(), json!(NOT_FOUND));
            vec![
                ("200", known.build()),
                ("503", unhealthy.build()),
                ("404", unknown.build()),
            ]
        }
        Target::Document => {
            let any = ObjectBuilder::new().schema_type(Type::Object).build();
            let example = json!({"openapi": "3.1.0"});
            let any = RefOr::T(Schema::Object(any));
            vec![("200", answer("The document.", any, example).build())]
        }
    };
    let example = json!(METHOD_NOT_ALLOWED);
    let other = answer("Any method that is not described here.", problem(), example)
        .header("Allow", header("The methods that are answered."));
    responses.push(("405", other.build()));
    responses
}

fn with_retry_after(probe: Probe, response: ResponseBuilder) -> ResponseBuilder {
    if probe != Probe::Readiness {
        return response;
    }
    response.header(
        "Retry-After",
        header("Seconds until the expected end of maintenance, where one is known."),
    )
}

fn response(description: &str, body: Option<(RefOr<Schema>, Value)>) -> ResponseBuilder {
    let response = ResponseBuilder::new()
        .description(description)
        .header("Cache-Control", header("Always `no-store`."));
    match body {
        None => response,
        Some((schema, example)) => {
            let mut content = Content::new(Some(schema));
            content.example = Some(example);
            response.content("application/json", content)
        }
    }
}

fn header(description: &str) -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

/// Bodies of a probe as it passes and as it fails, with a real check if there is one.
fn probe_examples(probe: Probe, known: &Known) -> [Value; 2] {
    let mut serving = known
        .checks()
        .filter(|check| check.probes().contains(probe));
    let check = serving.next();
    let name = check.map_or("example", Check::name);
    let healthy = json!({ name: {"healthy": true, "latency_ms": 3.2} });
    let failing = json!({ name: {"healthy": false, "error": timeout_of(check, Some(probe))} });
    let [passes, fails] = probe_words(probe);
    let mut passes = json!({"status": passes[0]});
    let mut fails = json!({"status": fails[0], "checks": failing});
    match probe {
        Probe::Liveness => {}
        Probe::Readiness => passes["checks"] = healthy,
        Probe::Startup => fails["detail"] = json!(STILL_INITIALISING),
    }
    [passes, fails]
}

fn check_examples(known: &Known) -> [Value; 2] {
    let check = known.checks().next();
    let name = check.map_or("example", Check::name);
    [
        json!({"status": "healthy", "name": name, "latency_ms": 3.2}),
        json!({"status": "unhealthy", "name": name, "error": timeout_of(check, None)}),
    ]
}

fn timeout_of(check: Option<&Check>, probe: Option<Probe>) -> String {
    let timeout = |check: &Check| probe.map_or(check.timeout(), |probe| check.timeout_for(probe));
    let timeout = check.map_or(Check::DEFAULT_TIMEOUT, timeout);
    format!("Timeout after {}ms", timeout.as_millis())
}
