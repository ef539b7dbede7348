//! What an endpoint may answer.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use health_core::{Probe, Status};
use serde_json::json;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, Response, ResponseBuilder};

use super::answer::{header, header_of, response};
use super::described::{Answers, Described};
use super::{TITLE, dashboard};
use crate::dialect::Format;
use crate::dialect::problem::{
    FORBIDDEN, METHOD_NOT_ALLOWED, MISCONFIGURED, NO_GROUP, NOT_FOUND, Problem, TOO_MANY_REQUESTS,
    UNAUTHORIZED,
};
use crate::dialect::schema::{Body, object, text, whole_number, words};
use crate::notation::Notation;
use crate::target::{Part, Target};
use crate::voice::Voice;

/// The answers of an endpoint, by their codes.
pub(super) fn responses(described: &Described<'_>, has_body: bool) -> BTreeMap<String, Response> {
    let mut responses = BTreeMap::new();
    for answers in &described.answers {
        for (code, response) in answered(described.target, *answers, has_body) {
            add(&mut responses, code, response);
        }
    }
    let (code, other) = other_methods(described.own.format, has_body);
    add(&mut responses, code, other);
    responses
}

fn answered(target: Target, answers: Answers<'_>, has_body: bool) -> Vec<(String, Response)> {
    let Answers { voice, about } = answers;
    let format = voice.format;
    let mut responses = match target {
        Target::Document(notation) => vec![("200".to_owned(), document(notation, has_body))],
        Target::Dashboard(part) => dashboard::responses(part, has_body),
        #[cfg(feature = "prometheus")]
        Target::Metrics => vec![("200".to_owned(), super::metrics::response(has_body))],
        _ if about.misconfigured && target.is_detail() => {
            let why = problem(format, &MISCONFIGURED, has_body);
            vec![("503".to_owned(), why.build())]
        }
        _ => reports(target, answers, has_body),
    };
    let unknown = match target {
        Target::Group => Some(NO_GROUP),
        Target::Check | Target::CheckOf(_) | Target::Tree => Some(NOT_FOUND),
        _ => None,
    };
    if let Some(unknown) = unknown {
        let response = problem(format, &unknown, has_body);
        responses.push(("404".to_owned(), response.build()));
    }
    responses.extend(turned_away(target, voice, has_body));
    responses
}

/// What is answered to a method that no operation of the path tells of.
pub(super) fn other_methods(format: &dyn Format, has_body: bool) -> (String, Response) {
    let response = problem(format, &METHOD_NOT_ALLOWED, has_body)
        .header("Allow", header("The methods that are answered."));
    ("405".to_owned(), response.build())
}

/// What those are answered who may not ask, or ask too often.
fn turned_away(target: Target, voice: &Voice, has_body: bool) -> Vec<(String, Response)> {
    let is_detail = target.is_detail();
    let refusals = voice.refusals(!is_detail);
    let is_limited = is_detail && voice.limit.is_some();
    // HEAD takes no place.
    let has_places = has_body && target == Target::Dashboard(Part::Events);
    let needs_credentials = refusals.unauthorized && target.needs_credentials();
    let challenge = Some(("WWW-Authenticate", text("What is to be shown.")));
    let later = whole_number("Seconds until it may be asked again.");
    let later = Some(("Retry-After", later));
    let all = [
        (needs_credentials, UNAUTHORIZED, "401", challenge),
        (refusals.forbidden, FORBIDDEN, "403", None),
        (is_limited || has_places, TOO_MANY_REQUESTS, "429", later),
    ];
    let possible = all.into_iter().filter(|(may_come, ..)| *may_come);
    let response = |(_, why, code, said): (bool, Problem, &str, Option<(&str, ObjectBuilder)>)| {
        let response = problem(voice.format, &why, has_body);
        let response = match said {
            Some((name, value)) => response.header(name, header_of(value)),
            None => response,
        };
        (code.to_owned(), response.build())
    };
    possible.map(response).collect()
}

/// One answer for each code that a status has here.
fn reports(target: Target, answers: Answers<'_>, has_body: bool) -> Vec<(String, Response)> {
    let Answers { voice, about } = answers;
    let codes = codes(voice).into_iter();
    let response = |(code, statuses): (u16, Vec<Status>)| {
        let description = describe(target, &statuses);
        let body = has_body.then(|| voice.format.body(target, &statuses, about));
        let mut response = response(&description, voice.format.media_type(), body);
        if statuses.contains(&Status::Unhealthy) && may_be_in_maintenance(target) {
            let seconds = "Seconds until the expected end of maintenance, where one is known.";
            response = response.header("Retry-After", header_of(whole_number(seconds)));
        }
        if statuses.contains(&Status::Degraded) && voice.tells_envoy && may_be_readiness(target) {
            let degraded = words(&["true"]).description(Some("There if it is degraded."));
            response = response.header("x-envoy-degraded", header_of(degraded));
        }
        (code.to_string(), with_own(voice.format, response).build())
    };
    codes.map(response).collect()
}

/// With another answer of this code.
fn add(responses: &mut BTreeMap<String, Response>, code: String, response: Response) {
    match responses.entry(code) {
        Entry::Vacant(new) => {
            new.insert(response);
        }
        Entry::Occupied(known) => merge(known.into_mut(), response),
    }
}

fn merge(known: &mut Response, other: Response) {
    for (name, header) in other.headers {
        known.headers.entry(name).or_insert(header);
    }
    for (media_type, content) in other.content {
        let known = known.content.entry(media_type);
        let known = known.or_insert_with(|| content.clone());
        if let (RefOr::T(known), RefOr::T(content)) = (known, content) {
            known.schema = either(known.schema.take(), content.schema);
        }
    }
}

/// What one of two schemas says.
fn either(one: Option<RefOr<Schema>>, other: Option<RefOr<Schema>>) -> Option<RefOr<Schema>> {
    let (Some(one), Some(other)) = (one, other) else {
        return None;
    };
    if one == other {
        return Some(one);
    }
    let mut any = match one {
        RefOr::T(Schema::AnyOf(any)) => any,
        one => AnyOfBuilder::new().item(one).build(),
    };
    if !any.items.contains(&other) {
        any.items.push(other);
    }
    Some(RefOr::T(any.into()))
}

/// Which statuses each code stands for.
fn codes(voice: &Voice) -> BTreeMap<u16, Vec<Status>> {
    let mut codes = BTreeMap::<_, Vec<_>>::new();
    for status in Status::ALL {
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
    matches!(target, Target::Everything) || may_be_readiness(target)
}

const fn may_be_readiness(target: Target) -> bool {
    matches!(target, Target::Probe(Probe::Readiness) | Target::Tree)
}

fn document(notation: Notation, has_body: bool) -> Response {
    let anything = || object().additional_properties(Some(AdditionalProperties::FreeForm(true)));
    let schema = ["openapi", "info", "paths"]
        .into_iter()
        .fold(anything(), ObjectBuilder::required)
        .property("openapi", words(&["3.1.0"]))
        .property("info", anything())
        .property("paths", anything());
    let body = has_body.then(|| Body {
        schema: schema.build().into(),
        example: Some(json!({
            "openapi": "3.1.0",
            "info": {"title": TITLE, "version": env!("CARGO_PKG_VERSION")},
            "paths": {},
        })),
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
    with_own(format, response(description, media_type, body))
}

/// With the headers that a format has.
fn with_own(format: &dyn Format, response: ResponseBuilder) -> ResponseBuilder {
    let headers = format.headers().iter();
    headers.fold(response, |response, (name, value)| {
        response.header(*name, header_of(words(&[value])))
    })
}
