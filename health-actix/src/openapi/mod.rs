//! The OpenAPI 3.1 document: what the endpoints are, and every real check by name.

mod dashboard;
mod described;
mod levels;
mod notation;
mod operations;
mod responses;
mod securities;

use health_core::Health;
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder};

use self::described::{Abouts, Described, formats};
pub(crate) use self::levels::Levels;
pub(crate) use self::notation::Notation;
use self::operations::path_item;
use crate::dialect::schema;
use crate::endpoint::{Endpoint, below};
use crate::target::{Part, Target};

/// What the document is called, where it is no part of another.
const TITLE: &str = "Health";

/// The tag of all operations.
const TAG: &str = "health";

/// The document as a text.
pub(crate) fn text(
    notation: Notation,
    health: &Health,
    levels: &Levels,
    endpoints: &[Endpoint],
    scope: &str,
) -> String {
    let document = document(health, levels, endpoints, scope);
    // By way of a value its members are sorted: those of extensions otherwise change places.
    let document = serde_json::to_value(document).unwrap_or_default();
    notation.write(&document)
}

/// The document as a typed value. Below `scope` the service is mounted.
pub(crate) fn document(
    health: &Health,
    levels: &Levels,
    endpoints: &[Endpoint],
    scope: &str,
) -> OpenApi {
    let abouts = Abouts::of(health);
    let all = Described::all(endpoints, levels, &abouts);
    let mut paths = PathsBuilder::new();
    let mut components = components(&all);
    for described in &all {
        let path = below(scope, &described.path.replace("{path:.*}", "{path}"));
        let item = path_item(described, &path);
        paths = paths.path(path, item);
        for (name, scheme) in securities::schemes(described) {
            components = components.security_scheme(name, scheme);
        }
    }
    let info = InfoBuilder::new()
        .title(TITLE)
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

fn components(all: &[Described<'_>]) -> ComponentsBuilder {
    let mut components = ComponentsBuilder::new();
    for (format, about) in formats(all) {
        for (name, schema) in format.schemas(about) {
            components = components.schema(name, schema);
        }
    }
    let shown = |it: &&Described<'_>| it.target == Target::Dashboard(Part::State);
    for (name, schema) in all
        .iter()
        .find(shown)
        .into_iter()
        .flat_map(|it| dashboard::schemas(it.first().about))
    {
        components = components.schema(name, schema);
    }
    let told = all.iter().flat_map(|it| &it.answers).map(|it| it.about);
    match told.max_by_key(|about| about.level) {
        Some(about) => components.schema(schema::PROBLEM, schema::problem(about)),
        None => components,
    }
}
