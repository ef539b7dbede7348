use super::Rule;
use crate::command::lint::finding::{Found, Severity};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Asks, Platform, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L10",
    severity: Severity::Warning,
    title: "a probe starts a process each time",
    why: "An `exec` probe starts a program in the container in every period, which takes memory and \
          CPU of the limits of the service, and fails when the node is busy although the service is \
          well. What the program prints ends in the events of the pod, for all to see.",
    mend: "`httpGet`, which kubelet asks by itself.",
    source: "kubernetes/kubernetes, pkg/probe/exec/exec.go: 10 KiB of output go into the event.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    if matches!(pod.platform, Platform::Compose | Platform::ContainerApps) {
        return; // The one has nothing else, the other refuses it: L8.
    }
    for (container, probe) in pod.own_probes() {
        let Asks::Program { command, .. } = &probe.asks else {
            continue;
        };
        let path = probe.kind.and_then(|kind| own.path(kind)).unwrap_or("/");
        let message = "it starts a process in every period";
        let help = format!("write `httpGet` with `path: {path}`");
        found.say(command.line, &pod.probe(container, probe), message, &help);
    }
}
