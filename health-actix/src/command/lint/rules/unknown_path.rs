use health_core::Probe as Kind;

use super::Rule;
use crate::command::lint::finding::{Found, Severity, quoted};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Balancer, Located, Pod, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L9",
    severity: Severity::Error,
    title: "no health endpoint answers at this path",
    why: "A probe that gets 404 fails for ever: liveness restarts the process again and again, \
          readiness never lets traffic in. A path that is redirected is no better, for some probers \
          follow, some take it for success and some for failure. Paths are compared with those that \
          the service mounts, with a slash at the end or without; a scope or proxy that puts \
          something before them cannot be seen from here.",
    mend: "the literal path, which `health list` and `health manifest` print.",
    source: "kubernetes/kubernetes, pkg/probe/http/http.go, and #136698; redirects: Traefik follows, \
             Caddy and Envoy fail, HAProxy passes.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    match scene {
        Scene::Pod(pod) => probes(own, pod, found),
        Scene::Balancer(balancer) if balancer.ours => asked(own, balancer, found),
        _ => {}
    }
}

fn probes(own: &Own, pod: &Pod, found: &mut Found<'_>) {
    for (container, probe) in pod.own_probes() {
        let kind = probe.kind.unwrap_or(Kind::Liveness);
        if let Some(path) = probe.asks.path() {
            say(own, &path, kind, &pod.probe(container, probe), found);
        }
    }
}

fn asked(own: &Own, balancer: &Balancer, found: &mut Found<'_>) {
    say(own, &balancer.path, Kind::Readiness, &balancer.what, found);
}

fn say(own: &Own, path: &Located, kind: Kind, subject: &str, found: &mut Found<'_>) {
    if is_unknowable(&path.text) || own.target(&path.text).is_some() {
        return;
    }
    let message = format!("no endpoint answers at {}", quoted(&path.text));
    let help = match own.path(kind) {
        Some(right) => format!("write `{right}`"),
        None => format!("mount a dialect that answers {}", kind.as_str()),
    };
    found.say(path.line, subject, &message, &help);
}

/// Whether a template, an expression of ARM or the sidecar of Istio says what is asked in the end.
fn is_unknowable(path: &str) -> bool {
    path.is_empty()
        || path.contains(['$', '{'])
        || path.starts_with('[')
        || path.starts_with("/app-health/")
}
