//! What manifests tell balancers to ask.

use super::{Balancer, Scene, Scenes, clipped, located, what};
use crate::command::lint::yaml::View;

/// The annotations of Services and Ingresses that have a path.
const ANNOTATIONS: [&str; 5] = [
    "alb.ingress.kubernetes.io/healthcheck-path",
    "service.beta.kubernetes.io/aws-load-balancer-healthcheck-path",
    "service.beta.kubernetes.io/azure-load-balancer-health-probe-request-path",
    "appgw.ingress.kubernetes.io/health-probe-path",
    "traefik.ingress.kubernetes.io/service.healthcheck.path",
];

/// Azure has them for each port too.
const AZURE_PORT: (&str, &str) = (
    "service.beta.kubernetes.io/port_",
    "_health-probe_request-path",
);

/// The fields of what Google Cloud reads.
const FIELDS: [(&str, &[&str]); 4] = [
    ("BackendConfig", &["spec", "healthCheck", "requestPath"]),
    (
        "HealthCheckPolicy",
        &[
            "spec",
            "default",
            "config",
            "httpHealthCheck",
            "requestPath",
        ],
    ),
    (
        "HealthCheckPolicy",
        &[
            "spec",
            "default",
            "config",
            "httpsHealthCheck",
            "requestPath",
        ],
    ),
    (
        "HealthCheckPolicy",
        &[
            "spec",
            "default",
            "config",
            "http2HealthCheck",
            "requestPath",
        ],
    ),
];

pub(super) fn read(document: View<'_>, scenes: &mut Scenes) {
    let annotations = document.at(&["metadata", "annotations"]);
    for (key, value) in annotations.into_iter().flat_map(View::entries) {
        if is_path(key) {
            add(document, key, value, scenes);
        }
    }
    let kind = document.get("kind").and_then(View::text);
    for (_, path) in FIELDS.iter().filter(|(name, _)| Some(*name) == kind) {
        if let Some(value) = document.at(path) {
            add(document, "requestPath", value, scenes);
        }
    }
}

fn is_path(key: &str) -> bool {
    let of_port = key.starts_with(AZURE_PORT.0) && key.ends_with(AZURE_PORT.1);
    ANNOTATIONS.contains(&key) || of_port
}

fn add(document: View<'_>, key: &str, value: View<'_>, scenes: &mut Scenes) {
    if !scenes.take_room() {
        return;
    }
    scenes.scenes.push(Scene::Balancer(Balancer {
        what: clipped(&format!("{}, {key}", what(document))),
        path: located(value),
        ours: false,
        container: None,
        notices_ms: None,
    }));
}
