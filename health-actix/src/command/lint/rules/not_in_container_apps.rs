use super::Rule;
use crate::command::lint::finding::{Found, Severity, quoted};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Asks, Container, Located, Platform, Pod, Probe, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L8",
    severity: Severity::Error,
    title: "Container Apps has neither named ports nor probes by exec or gRPC",
    why: "Container Apps takes the probes of Kubernetes, but not all of them: `httpGet` and `tcpSocket` \
          alone, with the number of a port. A revision with another probe is refused.",
    mend: "`httpGet` with the number of the port.",
    source: "@azure/arm-appcontainers 4.0.0, `ContainerAppProbe`.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    if pod.platform != Platform::ContainerApps {
        return;
    }
    for (container, probe) in pod.probes() {
        match &probe.asks {
            Asks::Http { port, .. } => named(pod, container, probe, port, found),
            Asks::Program { command, .. } => {
                other(own, pod, (container, probe), ("exec", command.line), found);
            }
            Asks::Grpc(line) => other(own, pod, (container, probe), ("grpc", *line), found),
            _ => {}
        }
    }
}

fn named(pod: &Pod, container: &Container, probe: &Probe, port: &Located, found: &mut Found<'_>) {
    let is_name = !port.text.is_empty()
        && port
            .text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_name && port.text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        let message = format!("the port is {}, but has to be a number", quoted(&port.text));
        let help = "write the number of the port";
        found.say(port.line, &pod.probe(container, probe), &message, help);
    }
}

fn other(
    own: &Own,
    pod: &Pod,
    (container, probe): (&Container, &Probe),
    (name, line): (&str, usize),
    found: &mut Found<'_>,
) {
    let path = probe.kind.and_then(|kind| own.path(kind)).unwrap_or("/");
    let message = format!("it asks by `{name}`, which Container Apps does not know");
    let help = format!("write `httpGet` with `path: {path}`");
    found.say(line, &pod.probe(container, probe), &message, &help);
}
