use health_core::Probe as Kind;

use super::Rule;
use crate::command::lint::finding::{Found, Severity};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Asks, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L19",
    severity: Severity::Warning,
    title: "a probe asks the port, and not the service",
    why: "A TCP probe passes as long as the kernel takes connections: also while every worker hangs, \
          while the service starts or drains, and whatever its checks say. Container Apps has such \
          probes by default.",
    mend: "`httpGet` with the path of the probe.",
    source: "kubernetes/kubernetes, pkg/probe/tcp: connecting is all that it does.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    for (container, probe) in pod.own_probes() {
        let Asks::Tcp(line) = probe.asks else {
            continue;
        };
        let kind = probe.kind.unwrap_or(Kind::Liveness);
        let path = own.path(kind).unwrap_or("/");
        let message = "it asks only whether the port takes connections";
        let help = format!("write `httpGet` with `path: {path}`");
        found.say(line, &pod.probe(container, probe), message, &help);
    }
}
