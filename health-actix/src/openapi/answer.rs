//! An answer and its headers, as all endpoints have them.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::{Content, Header, ResponseBuilder};

use crate::dialect::schema::{Body, text};

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
    header_of(text(description))
}

/// A header, which is described where its value is.
pub(super) fn header_of(value: ObjectBuilder) -> Header {
    let mut value = value.build();
    let description = value.description.take();
    let header = HeaderBuilder::new().schema(Some(value));
    header.description(description).build()
}
