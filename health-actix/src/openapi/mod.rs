//! The OpenAPI 3.1 document: what the endpoints are, and every real check by name.

mod dashboard;
mod notation;
mod operations;
mod responses;
mod securities;

use std::sync::Arc;

use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder};

pub(crate) use self::notation::Notation;
use self::operations::path_item;
use crate::dialect::schema::{self, About};
use crate::endpoint::{Endpoint, below};
use crate::target::{Part, Target};
use crate::voice::Voice;

/// The tag of all operations.
const TAG: &str = "health";

/// The document as a text.
pub(crate) fn text(
    notation: Notation,
    about: &About,
    endpoints: &[Endpoint],
    scope: &str,
) -> String {
    // By way of a value its members are sorted: those of extensions otherwise change places.
    let document = serde_json::to_value(document(about, endpoints, scope)).unwrap_or_default();
    notation.write(&document)
}

/// The document as a typed value. Below `scope` the service is mounted.
pub(crate) fn document(about: &About, endpoints: &[Endpoint], scope: &str) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new().schema(schema::PROBLEM, schema::problem(about));
    let of_groups: Vec<_> = endpoints
        .iter()
        .flat_map(|it| of_groups(it, about))
        .collect();
    for endpoint in endpoints.iter().chain(&of_groups) {
        let path = below(scope, &endpoint.path.replace("{path:.*}", "{path}"));
        let item = path_item(endpoint, &path, about);
        paths = paths.path(path, item);
        for (name, scheme) in securities::schemes(endpoint) {
            components = components.security_scheme(name, scheme);
        }
        if let Target::Dashboard(Part::State) = endpoint.target {
            for (name, schema) in dashboard::schemas(about) {
                components = components.schema(name, schema);
            }
        }
        for (name, schema) in endpoint.voice.format.schemas(about) {
            components = components.schema(name, schema);
        }
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
        .components(Some(components.build()))
        .tags(Some([tag.build()]))
        .build()
}

/// The groups that answer otherwise than the rest, each at its own path.
fn of_groups(endpoint: &Endpoint, about: &About) -> Vec<Endpoint> {
    if endpoint.target != Target::Group {
        return Vec::new();
    }
    let known = endpoint.groups.iter();
    let known = known.filter(|(tag, _)| about.tags.contains(*tag));
    let at_its_path = |(tag, voice): (&String, &Voice)| Endpoint {
        path: endpoint.path.replace("{tag}", &encoded(tag)),
        voice: Arc::new(voice.clone()),
        groups: Arc::default(),
        ..endpoint.clone()
    };
    known.map(at_its_path).collect()
}

/// As a segment of a path.
fn encoded(tag: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    tag.bytes().map(encode).collect()
}
