//! What is measured, for Prometheus.

use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, RefOr, Response, Schema};

use super::answer::response as response_of;
use crate::dialect::schema::Body;
use crate::metrics::prometheus::Exposition;

/// Summary and description.
pub(super) fn describe() -> (&'static str, String) {
    let text = "What is measured of probes, checks, threads and workers, for Prometheus: as its \
                text, or as OpenMetrics where the header `Accept` would rather have that. Always \
                answered with 200, also while probes fail; nothing is run for it.";
    ("Metrics", text.to_owned())
}

pub(super) fn response(has_body: bool) -> Response {
    let description = "What is measured.";
    if !has_body {
        return response_of(description, "", None).build();
    }
    let [first, rest @ ..] = Exposition::ALL;
    let response = response_of(description, first.media_type(), Some(body(first)));
    let response = rest.into_iter().fold(response, |response, exposition| {
        let Body { schema, example } = body(exposition);
        let mut content = Content::new(Some(schema));
        content.example = example;
        response.content(bare(exposition.media_type()), content)
    });
    response.build()
}

fn body(exposition: Exposition) -> Body {
    let end = match exposition {
        Exposition::Text => "",
        Exposition::OpenMetrics => "# EOF\n",
    };
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let example = "# HELP health_draining 1 while the process drains\n\
                   # TYPE health_draining gauge\n\
                   health_draining 0\n";
    Body {
        schema: RefOr::T(Schema::from(text)),
        example: Some(json!(format!("{example}{end}"))),
    }
}

fn bare(media_type: &str) -> &str {
    media_type
        .split_once(';')
        .map_or(media_type, |(bare, _)| bare)
}
