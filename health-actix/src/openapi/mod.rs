//! The OpenAPI 3.1 document: what the endpoints are, and every real check by name.

mod answer;
mod dashboard;
mod described;
mod levels;
#[cfg(feature = "prometheus")]
mod metrics;
mod operations;
mod responses;
mod securities;
mod used;

use health_core::Health;
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Server};

use self::described::{Abouts, Described, formats};
pub(crate) use self::levels::Levels;
use self::operations::path_item;
use crate::dialect::schema;
use crate::endpoint::{Endpoint, below};
use crate::notation::Notation;
use crate::target::{Part, Target};

/// What the document is called, where it is no part of another.
const TITLE: &str = "Health";

const ABOUT: &str = "Liveness, readiness and startup of the service, and its checks. A slash at the \
                     end of a path is ignored.";

const ABOUT_TAG: &str = "Is the service alive, can it serve, has it started?";

/// The tag of all operations.
///
/// Not `health`, which an application may well have: of one name there can be only one.
const TAG: &str = "health-checks";

/// The document as a text, of the server that it comes from. (Merged into another, it is that one's
/// servers that count.)
pub(crate) fn text(
    notation: Notation,
    health: &Health,
    levels: &Levels,
    endpoints: &[Endpoint],
    scope: Option<&str>,
) -> String {
    let mut document = document(health, levels, endpoints, scope);
    document.servers = Some(vec![Server::new("/")]);
    // By way of a value its members are sorted: those of extensions otherwise change places.
    let document = serde_json::to_value(document).unwrap_or_default();
    notation.write(&document)
}

/// The document as a typed value. Below `scope` it is served; where there is none it was taken, and
/// says so.
pub(crate) fn document(
    health: &Health,
    levels: &Levels,
    endpoints: &[Endpoint],
    scope: Option<&str>,
) -> OpenApi {
    let abouts = Abouts::of(health);
    let all = Described::all(endpoints, levels, &abouts);
    let mut paths = PathsBuilder::new();
    let mut components = components(&all);
    for described in &all {
        let path = below(
            scope.unwrap_or_default(),
            &described.path.replace("{path:.*}", "{path}"),
        );
        let item = path_item(described, &path);
        paths = paths.path(path, item);
        for (name, scheme) in securities::schemes(described) {
            components = components.security_scheme(name, scheme);
        }
    }
    let notice = scope.map_or_else(|| notice(endpoints), |_| String::new());
    // Of these endpoints, as the version is; not of the service that has them.
    let licence = LicenseBuilder::new()
        .name(env!("CARGO_PKG_LICENSE"))
        .identifier(Some(env!("CARGO_PKG_LICENSE")));
    let info = InfoBuilder::new()
        .title(TITLE)
        .description(Some(format!("{ABOUT}{notice}")))
        .license(Some(licence.build()))
        .version(env!("CARGO_PKG_VERSION"));
    // This is what stays of it all in the document that another one is merged into.
    let tag = TagBuilder::new()
        .name(TAG)
        .description(Some(format!("{ABOUT_TAG}{notice}")));
    let document = OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some([tag.build()]))
        .build();
    used::without_unused(document)
}

/// Of what is no longer true when checks come and go.
fn notice(endpoints: &[Endpoint]) -> String {
    let document = Target::Document(Notation::Json);
    let served = endpoints.iter().find(|it| it.target == document);
    let served = served.map_or("nothing", |it| &it.path);
    format!(
        "\n\nA snapshot: the checks are those of when it was taken; `{served}` has those of now."
    )
}

fn components(all: &[Described<'_>]) -> ComponentsBuilder {
    let mut components = ComponentsBuilder::new();
    for (format, about) in formats(all) {
        for (name, schema) in format.schemas(about) {
            components = components.schema(name, schema);
        }
    }
    let shown = all
        .iter()
        .find(|it| it.target == Target::Dashboard(Part::State));
    if let Some(shown) = shown {
        for (name, schema) in dashboard::schemas(shown.first().about) {
            components = components.schema(name, schema);
        }
    }
    let told = all.iter().flat_map(|it| &it.answers).map(|it| it.about);
    match told.max_by_key(|about| about.level) {
        Some(about) => components.schema(schema::PROBLEM, schema::problem(about)),
        None => components,
    }
}
