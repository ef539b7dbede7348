//! Paths, their methods and parameters.

use actix_web::http::Method;
use health_core::{Check, Probe};
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Required, ResponseBuilder};

use super::TAG;
use super::answer::header;
use super::dashboard;
use super::described::{Answers, Described};
#[cfg(feature = "prometheus")]
use super::metrics;
use super::responses::{other_methods, responses};
use super::securities::securities;
use crate::dialect::schema::About;
use crate::endpoint::{METHODS, options_tell_of_health};
use crate::target::{self, Target};

pub(super) fn path_item(described: &Described<'_>, path: &str) -> PathItem {
    let id = operation_id(path);
    let mut item = PathItem::default();
    for method in METHODS {
        let (slot, suffix) = match method {
            Method::GET => (&mut item.get, ""),
            Method::HEAD => (&mut item.head, "Head"),
            _ => (&mut item.options, "Options"),
        };
        let operation = operation(described, &method);
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

fn operation(described: &Described<'_>, method: &Method) -> OperationBuilder {
    let Answers { voice, about } = described.first();
    let target = described.target;
    let (summary, description) = describe(target, about);
    let tells_of_health = options_tell_of_health(target, described.own.format);
    let note = match *method {
        Method::GET => "",
        Method::HEAD => "\n\nAs GET, without the body.",
        _ if tells_of_health => {
            "\n\nAs GET, for balancers that probe with OPTIONS; a CORS preflight is answered with \
             204 and says nothing of health."
        }
        _ => "\n\nThe methods that are answered, which says nothing of health.",
    };
    let mut operation = OperationBuilder::new()
        .tag(TAG)
        .summary(Some(summary))
        .description(Some(format!("{description}{note}")));
    let asks = *method != Method::OPTIONS || tells_of_health;
    let of_path = path_parameter(described, asks).into_iter();
    let of_path = of_path.filter(|_| described.path.contains('{'));
    let of_stream = dashboard::parameter(target).filter(|_| *method == Method::GET);
    let of_path = of_path.chain(of_stream);
    for parameter in of_path.chain(voice.format.parameters(target, about)) {
        operation = operation.parameter(parameter);
    }
    if asks {
        for (code, response) in responses(described, *method != Method::HEAD) {
            operation = operation.response(code, response);
        }
    }
    // Who lists methods need not be anybody.
    let needed = if asks {
        securities(described)
    } else {
        Vec::new()
    };
    operation = operation.securities(Some(needed));
    if *method == Method::OPTIONS {
        let allow = || header("The methods that are answered.");
        let preflight = ResponseBuilder::new().description("A CORS preflight.");
        operation = operation.response("204", preflight.header("Allow", allow()).build());
        if !tells_of_health {
            let methods = ResponseBuilder::new().description("The methods.");
            operation = operation.response("200", methods.header("Allow", allow()).build());
            let (code, other) = other_methods(described.own.format, true);
            operation = operation.response(code, other);
        }
    }
    operation
}

/// Summary and description of an endpoint.
fn describe(target: Target, about: &About) -> (&'static str, String) {
    match target {
        Target::Probe(probe) => {
            let (summary, text) = match probe {
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
            let serving = about
                .checks()
                .filter(|check| check.probes().contains(probe));
            let list = check_list(serving, Some(probe), about);
            (summary, format!("{text}{list}"))
        }
        Target::Everything => (
            "How is everything doing?",
            format!(
                "All checks, and the lifecycle: fails if any of the probes does.{}",
                check_list(about.checks(), None, about)
            ),
        ),
        Target::Group => (
            "How is what belongs together doing?",
            "The checks that have a tag, whatever the service's lifecycle.".to_owned(),
        ),
        Target::Check | Target::CheckOf(_) => (
            "How is one check doing?",
            format!(
                "The check's own status, whatever its criticality and the service's lifecycle.{}",
                check_list(about.checks(), None, about)
            ),
        ),
        Target::Tree => (
            "How is a group, or one check, doing?",
            format!(
                "A group by its tag, a check by its name, or a check of a probe or a group; below \
                 a check its children.{}",
                check_list(about.checks(), None, about)
            ),
        ),
        Target::Dashboard(part) => dashboard::describe(part),
        #[cfg(feature = "prometheus")]
        Target::Metrics => metrics::describe(),
        Target::Document(notation) => (
            "This document",
            format!(
                "The OpenAPI document of these endpoints, as {}.",
                notation.name()
            ),
        ),
    }
}

/// The checks as a Markdown list, which every viewer of OpenAPI shows: as they are for this probe,
/// or of themselves. Where names are not told, there is none.
fn check_list<'a>(
    checks: impl Iterator<Item = &'a Check>,
    probe: Option<Probe>,
    about: &About,
) -> String {
    if !about.tells_names() {
        return String::new();
    }
    let line = |check: &Check| {
        let summary = summary(check.description());
        let facts = facts(check, probe, about);
        let separator = if summary.is_empty() { "" } else { ": " };
        format!("\n- `{}`{facts}{separator}{summary}", check.name())
    };
    let lines: String = checks.map(line).collect();
    if lines.is_empty() {
        "\n\nThere are no checks.".to_owned()
    } else {
        format!("\n\nChecks:\n{lines}")
    }
}

/// ` (800 ms, not critical)`, for those who may know it.
fn facts(check: &Check, probe: Option<Probe>, about: &About) -> String {
    if !about.is_full() {
        return String::new();
    }
    let timeout = probe.map_or(check.timeout(), |probe| check.timeout_for(probe));
    let critical = probe.map_or(check.is_critical(), |probe| check.is_critical_for(probe));
    let criticality = if critical { "" } else { ", not critical" };
    format!(" ({} ms{criticality})", timeout.as_millis())
}

/// The first paragraph, on one line.
fn summary(description: &str) -> String {
    let paragraph = description
        .lines()
        .take_while(|line| !line.trim().is_empty());
    paragraph.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// What a path has in braces; anything, where nothing is asked of it.
fn path_parameter(described: &Described<'_>, asks: bool) -> Option<Parameter> {
    let about = described.first().about;
    let (name, description, values) = match described.target {
        Target::Check => (target::NAME, "The name of the check.", about.names()),
        Target::CheckOf(probe) => {
            let serving = about
                .checks()
                .filter(|check| check.probes().contains(probe));
            let names = serving.map(Check::name).collect();
            (target::NAME, "The name of the check.", names)
        }
        Target::Group => {
            // One that is not told of may be there all the same, where it is configured.
            let all_are_told = described.answers.len() == 1;
            let tags = about.tags.iter().filter(|_| all_are_told);
            let tags = tags.map(String::as_str).collect();
            (target::TAG, "The tag that the checks have.", tags)
        }
        // What is below a check is not known before it has run.
        Target::Tree => {
            let description = "A tag or a check, and what is below it.";
            (target::REST, description, Vec::new())
        }
        _ => return None,
    };
    let mut schema = ObjectBuilder::new().schema_type(Type::String);
    if asks && !values.is_empty() {
        schema = schema.enum_values(Some(values));
    }
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema));
    Some(parameter.build())
}
