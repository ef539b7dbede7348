//! The OpenAPI 3.1 document: what the endpoints are, and every real check by name.

mod schema;

use actix_web::http::Method;
use health_core::{Check, Health, Probe};
use serde_json::{Value, json};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Content, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, RefOr, Required, Response,
    ResponseBuilder,
};

use self::schema::{CHECK, PROBLEM, reference};
use crate::dialect::default::{METHOD_NOT_ALLOWED, NOT_FOUND};
use crate::endpoint::{ENDPOINTS, Endpoint, Kind, NAME};

/// The tag of all operations.
const TAG: &str = "health";

/// The document as JSON.
pub(crate) fn json(health: &Health, prefix: &str) -> String {
    // Its keys are strings and its numbers finite, so it can always be written. By way of a
    // value its members are sorted: those of extensions otherwise change places.
    let document = serde_json::to_value(document(health, prefix)).unwrap_or_default();
    document.to_string()
}

/// The document as a typed value.
pub(crate) fn document(health: &Health, prefix: &str) -> OpenApi {
    let mut paths = PathsBuilder::new();
    for endpoint in &ENDPOINTS {
        paths = paths.path(endpoint.below(prefix), path_item(endpoint, health));
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
        .components(Some(schema::components(health)))
        .tags(Some([tag.build()]))
        .build()
}

fn path_item(endpoint: &Endpoint, health: &Health) -> PathItem {
    let mut item = PathItem::default();
    for (method, answered, suffix) in [
        (HttpMethod::Get, Method::GET, ""),
        (HttpMethod::Head, Method::HEAD, "Head"),
        (HttpMethod::Options, Method::OPTIONS, "Options"),
    ] {
        if !endpoint.answers(&answered) {
            continue;
        }
        let operation = operation(endpoint, &method, suffix, health).build();
        match method {
            HttpMethod::Get => item.get = Some(operation),
            HttpMethod::Head => item.head = Some(operation),
            _ => item.options = Some(operation),
        }
    }
    item
}

fn operation(
    endpoint: &Endpoint,
    method: &HttpMethod,
    suffix: &str,
    health: &Health,
) -> OperationBuilder {
    let (summary, description) = describe(endpoint.kind, health);
    let note = match method {
        HttpMethod::Get => "",
        HttpMethod::Head => "\n\nAs GET, without the body.",
        _ => {
            "\n\nAs GET, for balancers that probe with OPTIONS; a CORS preflight is answered with \
             204 and says nothing of health."
        }
    };
    let has_body = !matches!(method, HttpMethod::Head);
    let mut operation = OperationBuilder::new()
        .tag(TAG)
        .operation_id(Some(format!("{}{suffix}", endpoint.id)))
        .summary(Some(summary))
        .description(Some(format!("{description}{note}")));
    if endpoint.kind == Kind::Check {
        operation = operation.parameter(name_parameter(health));
    }
    for (code, response) in responses(endpoint, health, has_body) {
        operation = operation.response(code, response);
    }
    if matches!(method, HttpMethod::Options) {
        let preflight = ResponseBuilder::new()
            .description("A CORS preflight.")
            .header("Allow", header("The methods that are answered."));
        operation = operation.response("204", preflight.build());
    }
    operation
}

/// Summary and description of an endpoint.
fn describe(kind: Kind, health: &Health) -> (&'static str, String) {
    match kind {
        Kind::Probe(probe) => {
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
            let serving = health
                .checks()
                .filter(|check| check.probes().contains(probe));
            (summary, format!("{about}{}", check_list(serving)))
        }
        Kind::Check => (
            "How is one check doing?",
            format!(
                "The check's own status, whatever its criticality and the service's lifecycle.{}",
                check_list(health.checks())
            ),
        ),
        Kind::OpenApi => (
            "This document",
            "The OpenAPI document of these endpoints.".to_owned(),
        ),
    }
}

/// The checks as a Markdown list, which every viewer of OpenAPI shows.
fn check_list<'a>(checks: impl Iterator<Item = &'a Check>) -> String {
    let line = |check: &Check| {
        let summary = summary(check.description());
        let criticality = if check.is_critical() {
            ""
        } else {
            ", not critical"
        };
        let separator = if summary.is_empty() { "" } else { ": " };
        format!(
            "\n- `{}` ({} ms{criticality}){separator}{summary}",
            check.name(),
            check.timeout().as_millis()
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

fn name_parameter(health: &Health) -> Parameter {
    let names: Vec<_> = health.checks().map(Check::name).collect();
    let mut schema = ObjectBuilder::new().schema_type(Type::String);
    if !names.is_empty() {
        schema = schema.enum_values(Some(names));
    }
    ParameterBuilder::new()
        .name(NAME)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The name of the check."))
        .schema(Some(schema))
        .build()
}

fn responses(
    endpoint: &Endpoint,
    health: &Health,
    has_body: bool,
) -> Vec<(&'static str, Response)> {
    let answer = |description: &str, schema: &str, example: Value| {
        response(description, has_body.then(|| (reference(schema), example)))
    };
    let mut responses = match endpoint.kind {
        Kind::Probe(probe) => {
            let schema = schema::report_name(probe);
            let [passing, failing] = probe_examples(probe, health);
            vec![
                ("200", answer("It passes.", schema, passing).build()),
                (
                    "503",
                    with_retry_after(probe, answer("It fails.", schema, failing)).build(),
                ),
            ]
        }
        Kind::Check => {
            let [passing, failing, problem] = check_examples(health);
            vec![
                (
                    "200",
                    answer("Healthy or degraded.", CHECK, passing).build(),
                ),
                ("503", answer("Unhealthy.", CHECK, failing).build()),
                (
                    "404",
                    answer("There is no check of this name.", PROBLEM, problem).build(),
                ),
            ]
        }
        Kind::OpenApi => {
            let any = ObjectBuilder::new().schema_type(Type::Object).build();
            let example = json!({"openapi": "3.1.0"});
            let body = has_body.then_some((RefOr::T(Schema::Object(any)), example));
            vec![("200", response("The document.", body).build())]
        }
    };
    let example = json!(METHOD_NOT_ALLOWED);
    let other = answer("Any method that is not described here.", PROBLEM, example)
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

/// Bodies of a probe as it passes and as it fails, with real checks if there are any.
fn probe_examples(probe: Probe, health: &Health) -> [Value; 2] {
    let mut serving = health
        .checks()
        .filter(|check| check.probes().contains(probe));
    let name = serving.next().map_or("example", Check::name);
    let healthy = json!({ name: {"healthy": true, "latency_ms": 3.2} });
    let failing = json!({ name: {"healthy": false, "error": "Timeout after 800ms"} });
    match probe {
        Probe::Liveness => [
            json!({"status": "alive"}),
            json!({"status": "unhealthy", "checks": failing}),
        ],
        Probe::Readiness => [
            json!({"status": "ready", "checks": healthy}),
            json!({"status": "not_ready", "checks": failing}),
        ],
        Probe::Startup => [
            json!({"status": "started"}),
            json!({
                "status": "starting",
                "detail": "Service is still initialising",
                "checks": failing,
            }),
        ],
    }
}

fn check_examples(health: &Health) -> [Value; 3] {
    let name = health.checks().next().map_or("example", Check::name);
    [
        json!({"status": "healthy", "name": name, "latency_ms": 3.2}),
        json!({"status": "unhealthy", "name": name, "error": "Timeout after 800ms"}),
        json!(NOT_FOUND),
    ]
}
