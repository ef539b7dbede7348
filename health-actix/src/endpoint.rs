//! The endpoints: what is mounted, documented and announced is read from one table.

use actix_web::http::Method;
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
    /// Names the operations in the OpenAPI document.
    pub(crate) id: &'static str,
}

/// The parameter that names a check.
pub(crate) const NAME: &str = "name";

pub(crate) const ENDPOINTS: [Endpoint; 6] = [
    Endpoint {
        path: "",
        kind: Kind::Probe(Probe::Liveness),
        id: "health",
    },
    Endpoint {
        path: "/live",
        kind: Kind::Probe(Probe::Liveness),
        id: "healthLive",
    },
    Endpoint {
        path: "/ready",
        kind: Kind::Probe(Probe::Readiness),
        id: "healthReady",
    },
    Endpoint {
        path: "/started",
        kind: Kind::Probe(Probe::Startup),
        id: "healthStarted",
    },
    Endpoint {
        path: "/checks/{name}",
        kind: Kind::Check,
        id: "healthCheck",
    },
    Endpoint {
        path: "/openapi.json",
        kind: Kind::OpenApi,
        id: "healthOpenApi",
    },
];

impl Endpoint {
    /// The whole path.
    pub(crate) fn below(&self, prefix: &str) -> String {
        match (prefix, self.path) {
            ("", "") => "/".to_owned(),
            (prefix, path) => format!("{prefix}{path}"),
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

    /// The methods that are answered. Balancers such as HAProxy probe with OPTIONS.
    pub(crate) const fn methods(&self) -> &'static str {
        match self.kind {
            Kind::Probe(_) | Kind::Check => "GET, HEAD, OPTIONS",
            Kind::OpenApi => "GET, HEAD",
        }
    }

    /// Whether this method is answered.
    pub(crate) fn answers(&self, method: &Method) -> bool {
        self.methods()
            .split(", ")
            .any(|answered| method == answered)
    }
}
