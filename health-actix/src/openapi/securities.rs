//! What a request may bring to be told more, or anything.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

use super::described::Described;
use crate::access::{Credential, Ways};

/// The schemes that an endpoint knows, by their names.
pub(super) fn schemes(described: &Described<'_>) -> Vec<(String, SecurityScheme)> {
    let ways = ways(described);
    let credentials = ways.iter().flatten();
    credentials.map(|it| (name(it), scheme(it))).collect()
}

/// The ways in which it can be asked; none where nothing is to be brought. That is said of each
/// operation, for what the document is merged into may require something of all of its own.
pub(super) fn securities(described: &Described<'_>) -> Vec<SecurityRequirement> {
    let ways = ways(described);
    if ways.takes_nothing() || !described.target.needs_credentials() {
        return Vec::new();
    }
    let none = Vec::<String>::new;
    let requirement = |way: &std::collections::BTreeSet<Credential>| {
        let start = SecurityRequirement::default();
        way.iter().fold(start, |all, it| all.add(name(it), none()))
    };
    ways.iter().map(requirement).collect()
}

fn ways(described: &Described<'_>) -> Ways {
    let is_probe = !described.target.is_detail();
    let all = described.answers.iter();
    let ways = all.map(|answers| answers.voice.ways(is_probe));
    ways.reduce(Ways::or).unwrap_or_else(Ways::open)
}

fn name(credential: &Credential) -> String {
    match credential {
        Credential::Bearer => "healthBearer".to_owned(),
        Credential::ApiKey(header) => format!("healthApiKey.{header}"),
    }
}

fn scheme(credential: &Credential) -> SecurityScheme {
    match credential {
        Credential::Bearer => {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
            SecurityScheme::Http(bearer.build())
        }
        Credential::ApiKey(header) => {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header)))
        }
    }
}
