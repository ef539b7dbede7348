//! What an endpoint may answer.

use std::collections::BTreeMap;

use health_core::{Probe, Status};
use serde_json::json;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Header, Response, ResponseBuilder};

use super::dashboard;
use crate::access::Refusals;
use crate::dialect::Format;
use crate::dialect::problem::{
    FORBIDDEN, METHOD_NOT_ALLOWED, MISCONFIGURED, NO_GROUP, NOT_FOUND, Problem, TOO_MANY_REQUESTS,
    UNAUTHORIZED,
};
use crate::dialect::schema::{About, Body, object};
use crate::endpoint::Endpoint;
use crate::openapi::Notation;
use crate::target::{Part, Target};
use crate::voice::Voice;

/// The answers of an endpoint, by their codes.
pub(super) fn responses(
    endpoint: &Endpoint,
    about: &About,
    has_body: bool,
) -> Vec<(String, Response)> {
    let voice = &*endpoint.voice;
    let format = voice.format;
    let mut responses = match endpoint.target {
        Target::Document(notation) => vec![("200".to_owned(), document(notation, has_body))],
        Target::Dashboard(part) => dashboard::responses(part, has_body),
        _ if about.misconfigured && endpoint.target.is_detail() => {
            vec![(
                "503".to_owned(),
                problem(format, &MISCONFIGURED, has_body).build(),
            )]
        }
        _ => reports(endpoint, about, has_body),
    };
    let unknown = match endpoint.target {
        Target::Group => Some(NO_GROUP),
        Target::Check | Target::CheckOf(_) | Target::Tree => Some(NOT_FOUND),
        Target::Probe(_) | Target::Everything | Target::Document(_) | Target::Dashboard(_) => None,
    };
    if let Some(unknown) = unknown {
        let response = problem(format, &unknown, has_body);
        responses.push(("404".to_owned(), response.build()));
    }
    for refusal in turned_away(endpoint, has_body) {
        // A status may have the same code.
        if responses.iter().all(|(code, _)| *code != refusal.0) {
            responses.push(refusal);
        }
    }
    let other = problem(format, &METHOD_NOT_ALLOWED, has_body)
        .header("Allow", header("The methods that are answered."));
    responses.push(("405".to_owned(), other.build()));
    responses
}

/// What those are answered who may not ask, or ask too often.
fn turned_away(endpoint: &Endpoint, has_body: bool) -> Vec<(String, Response)> {
    let voice = &*endpoint.voice;
    let is_detail = endpoint.target.is_detail();
    let refusals = endpoint.voices().map(|voice| voice.refusals(!is_detail));
    let refusals = refusals.fold(Refusals::default(), Refusals::or);
    let is_limited = is_detail && voice.limit.is_some();
    let has_places = endpoint.target == Target::Dashboard(Part::Events);
    let needs_credentials = refusals.unauthorized && endpoint.target.needs_credentials();
    let challenge = Some(("WWW-Authenticate", "What is to be shown."));
    let later = Some(("Retry-After", "Seconds until it may be asked again."));
    let all = [
        (needs_credentials, UNAUTHORIZED, "401", challenge),
        (refusals.forbidden, FORBIDDEN, "403", None),
        (is_limited || has_places, TOO_MANY_REQUESTS, "429", later),
    ];
    let possible = all.into_iter().filter(|(may_come, ..)| *may_come);
    let response = |(_, why, code, name): (bool, Problem, &str, Option<(&str, &str)>)| {
        let response = problem(voice.format, &why, has_body);
        let response = match name {
            Some((name, description)) => response.header(name, header(description)),
            None => response,
        };
        (code.to_owned(), response.build())
    };
    possible.map(response).collect()
}

/// One answer for each code that a status has here.
fn reports(endpoint: &Endpoint, about: &About, has_body: bool) -> Vec<(String, Response)> {
    let voice = &*endpoint.voice;
    let target = endpoint.target;
    let codes = codes(voice).into_iter();
    let response = |(code, statuses): (u16, Vec<Status>)| {
        let description = describe(target, &statuses);
        let body = has_body.then(|| voice.format.body(target, &statuses, about));
        let mut response = response(&description, voice.format.media_type(), body);
        if statuses.contains(&Status::Unhealthy) && may_be_in_maintenance(target) {
            let seconds = "Seconds until the expected end of maintenance, where one is known.";
            response = response.header("Retry-After", header(seconds));
        }
        (code.to_string(), response.build())
    };
    codes.map(response).collect()
}

/// Which statuses each code stands for.
fn codes(voice: &Voice) -> BTreeMap<u16, Vec<Status>> {
    let mut codes = BTreeMap::<_, Vec<_>>::new();
    for status in [Status::Healthy, Status::Degraded, Status::Unhealthy] {
        let code = voice.codes.code(status).as_u16();
        codes.entry(code).or_default().push(status);
    }
    codes
}

fn describe(target: Target, statuses: &[Status]) -> String {
    if matches!(target, Target::Probe(_) | Target::Everything) {
        return match statuses {
            [Status::Degraded] => "It passes, but something is degraded.",
            [Status::Unhealthy] => "It fails.",
            [.., Status::Unhealthy] => "It fails, or something is degraded.",
            _ => "It passes.",
        }
        .to_owned();
    }
    let words = statuses.iter().map(|status| status.as_str());
    let mut words = words.collect::<Vec<_>>().join(" or ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{words}.")
}

const fn may_be_in_maintenance(target: Target) -> bool {
    matches!(target, Target::Probe(Probe::Readiness) | Target::Everything)
}

fn document(notation: Notation, has_body: bool) -> Response {
    let body = has_body.then(|| Body {
        schema: object().build().into(),
        example: Some(json!({"openapi": "3.1.0"})),
    });
    response("The document.", notation.media_type(), body).build()
}

fn problem(format: &dyn Format, problem: &Problem, has_body: bool) -> ResponseBuilder {
    let description = match problem.status {
        "method_not_allowed" => "Any method that is not described here.",
        "misconfigured" => "The health checks are misconfigured.",
        _ => problem.detail,
    };
    let media_type = format.problem_media_type();
    let body = has_body.then(|| {
        let written = format.write_problem(problem);
        if media_type == "application/json" {
            Body {
                schema: format.problem_schema(problem),
                example: serde_json::from_slice(&written).ok(),
            }
        } else {
            Body {
                schema: ObjectBuilder::new()
                    .schema_type(Type::String)
                    .build()
                    .into(),
                example: String::from_utf8(written).ok().map(|text| json!(text)),
            }
        }
    });
    response(description, media_type, body)
}

pub(super) fn response(description: &str, media_type: &str, body: Option<Body>) -> ResponseBuilder {
    let response = ResponseBuilder::new()
        .description(description)
        .header("Cache-Control", header("How long it may be kept."));
    match body {
        None => response,
        Some(Body { schema, example }) => {
            let mut content = Content::new(Some(schema));
            content.example = example;
            let (media_type, _) = media_type.split_once(';').unwrap_or((media_type, ""));
            response.content(media_type, content)
        }
    }
}

pub(super) fn header(description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}
