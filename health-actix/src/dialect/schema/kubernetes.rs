//! What the texts of the Kubernetes dialect look like.

use health_core::{Probe, Status};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

use super::About;
use super::Body;
use crate::target::Target;

pub(crate) fn body(target: Target, statuses: &[Status], about: &About) -> Body {
    let passes = statuses.iter().any(|status| status.is_passing());
    let example = match (target, about.sample(target)) {
        _ if passes => "ok".to_owned(),
        (Target::Check | Target::CheckOf(_), _) => {
            "internal server error: check failed\n".to_owned()
        }
        (_, Some(check)) => format!(
            "[-]{} failed: reason withheld\n{} check failed\n",
            check.name(),
            said(target)
        ),
        (_, None) => format!("{} check failed\n", said(target)),
    };
    let text = ObjectBuilder::new().schema_type(Type::String);
    Body {
        schema: RefOr::T(text.build().into()),
        example: Some(json!(example)),
    }
}

const fn said(target: Target) -> &'static str {
    match target {
        Target::Probe(Probe::Liveness) => "livez",
        Target::Probe(Probe::Startup) => "startupz",
        _ => "readyz",
    }
}

/// What a probe's query may have, for those who are told of checks.
pub(crate) fn parameters(target: Target, about: &About) -> Vec<Parameter> {
    if !matches!(target, Target::Probe(_)) || !about.tells_names() {
        return Vec::new();
    }
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let verbose = ParameterBuilder::new()
        .name("verbose")
        .description(Some("A line for each check, whatever the value."))
        .schema(Some(text()));
    let exclude = ParameterBuilder::new()
        .name("exclude")
        .description(Some(
            "Leaves a check out of the verdict, for this answer alone; as often as needed.",
        ))
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .schema(Some(ArrayBuilder::new().items(text())));
    [verbose, exclude]
        .map(|parameter| parameter.parameter_in(ParameterIn::Query).build())
        .to_vec()
}
