//! The endpoints: what is mounted, documented and announced is read from one table.

use actix_web::dev::{ConnectionInfo, ServiceRequest};
use actix_web::http::Method;
use actix_web::{HttpMessage, Resource, web};
use health_core::Probe;

/// What an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A probe, with its checks.
    Probe(Probe),
    /// One check, named in the path.
    Check,
    /// The OpenAPI document.
    OpenApi,
}

/// Where something is answered, below the prefix of the service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
}

/// The methods that are answered. Balancers such as HAProxy probe with OPTIONS.
pub(crate) const METHODS: [Method; 3] = [Method::GET, Method::HEAD, Method::OPTIONS];

/// The same, as the header `Allow` lists them.
pub(crate) const ALLOWED: &str = "GET, HEAD, OPTIONS";

/// Where the OpenAPI document is.
pub(crate) const DOCUMENT: &str = "/openapi.json";

/// The parameter that names a check.
pub(crate) const NAME: &str = "name";

pub(crate) const ENDPOINTS: [Endpoint; 6] = [
    Endpoint {
        path: "",
        kind: Kind::Probe(Probe::Liveness),
    },
    Endpoint {
        path: "/live",
        kind: Kind::Probe(Probe::Liveness),
    },
    Endpoint {
        path: "/ready",
        kind: Kind::Probe(Probe::Readiness),
    },
    Endpoint {
        path: "/started",
        kind: Kind::Probe(Probe::Startup),
    },
    Endpoint {
        path: "/checks/{name}",
        kind: Kind::Check,
    },
    Endpoint {
        path: DOCUMENT,
        kind: Kind::OpenApi,
    },
];

/// The name that all resources of health services have, for middleware that comes before routing.
const RESOURCE: &str = "health_actix::endpoint";

/// A resource of a health service.
pub(crate) fn resource(patterns: Vec<String>) -> Resource {
    web::resource(patterns).name(RESOURCE)
}

/// Whether the path of this request is that of a health endpoint, wherever it is mounted. The path
/// is the one that is routed, which is decoded.
pub(crate) fn is_for_health(request: &ServiceRequest) -> bool {
    let path = request.match_info().as_str();
    request.resource_map().match_name(path) == Some(RESOURCE) || is_mounted(request, path)
}

/// The map of resources knows no conditions: what is mounted before, though for another host or
/// method only, hides an endpoint in it. A name is found all the same: that of the last endpoint,
/// which is the document, of the last service; and only if nothing before it is dynamic.
fn is_mounted(request: &ServiceRequest, path: &str) -> bool {
    let is_endpoint = |rest: &str| ENDPOINTS.iter().any(|endpoint| endpoint.is_at(rest));
    let Some(document) = document_path(request) else {
        return false;
    };
    let prefix = document.strip_suffix(DOCUMENT);
    let rest = prefix.and_then(|prefix| path.trim_end_matches('/').strip_prefix(prefix));
    rest.is_some_and(is_endpoint)
}

fn document_path(request: &ServiceRequest) -> Option<String> {
    let was_known = request.extensions().contains::<ConnectionInfo>();
    let url = request.request().url_for_static(RESOURCE);
    if !was_known {
        // It was noted on the way; middleware inside may yet change the headers it is made from.
        request.extensions_mut().remove::<ConnectionInfo>();
    }
    Some(url.ok()?.path().to_owned())
}

impl Endpoint {
    /// The whole path.
    pub(crate) fn below(&self, prefix: &str) -> String {
        match (prefix, self.path) {
            ("", "") => "/".to_owned(),
            (prefix, path) => format!("{prefix}{path}"),
        }
    }

    /// Whether it is at this path below the prefix, which has no slash at its end.
    fn is_at(&self, path: &str) -> bool {
        match self.path.split_once('{') {
            None => path == self.path,
            Some((before, _)) => path
                .strip_prefix(before)
                .is_some_and(|name| !name.is_empty() && !name.contains('/')),
        }
    }

    /// The paths that are mounted: with and without a slash at the end, since nothing is ever
    /// redirected.
    pub(crate) fn patterns(&self, prefix: &str) -> Vec<String> {
        let path = self.below(prefix);
        if path == "/" {
            return vec![path];
        }
        let slashed = format!("{path}/");
        vec![path, slashed]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_what_is_answered() {
        assert_eq!(METHODS.map(|method| method.to_string()).join(", "), ALLOWED);
    }
}
