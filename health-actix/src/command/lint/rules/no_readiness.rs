use health_core::Probe as Kind;

use super::Rule;
use crate::command::lint::finding::{Found, Severity};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Platform, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L16",
    severity: Severity::Warning,
    title: "nothing keeps traffic away from an instance that cannot serve",
    why: "Without a readiness probe, an instance gets requests from the moment its container runs, \
          while it starts and while it drains. And a readiness probe without any check passes as soon \
          as the process listens.",
    mend: "a readinessProbe in the manifest, and a check with `kind = \"readiness\"` for what a request \
           needs.",
    source: "kubernetes/kubernetes, pkg/kubelet/prober: without a probe, a container that runs is ready.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    match scene {
        Scene::Checks if !own.has_checks(Kind::Readiness) => {
            let message = "no check serves readiness, so it passes as soon as the process listens";
            let help = "annotate what a request needs with `#[health_check(kind = \"readiness\")]`";
            found.say(0, "the registered checks", message, help);
        }
        Scene::Pod(pod) if pod.serves && takes_readiness(pod.platform) => {
            for container in pod.containers.iter().filter(|container| container.ours) {
                if container.probe(Kind::Readiness).is_none() {
                    let path = own.path(Kind::Readiness).unwrap_or("/health/ready");
                    let message = "it has no readiness probe, so that it always gets traffic";
                    let help = format!("add one with `path: {path}`");
                    found.say(container.line, &pod.container(container), message, &help);
                }
            }
        }
        _ => {}
    }
}

/// Readiness of Cloud Run is a preview.
fn takes_readiness(platform: Platform) -> bool {
    matches!(platform, Platform::Kubernetes | Platform::ContainerApps)
}
