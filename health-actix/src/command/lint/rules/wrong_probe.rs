use health_core::Probe as Kind;

use super::Rule;
use crate::command::lint::finding::{Found, Severity, quoted};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Asks, Located, Pod, Probe, Scene};
use crate::target::Target;

pub(super) const RULE: Rule = Rule {
    id: "L15",
    severity: Severity::Error,
    title: "a probe asks for what another one is for",
    why: "A livenessProbe that asks readiness restarts the process because a dependency is down, or \
          while it drains; so does a HEALTHCHECK in Swarm, which replaces what is unhealthy, and a \
          startupProbe. A livenessProbe that asks startup never fails again once the service has \
          started. A readinessProbe that asks liveness or startup lets traffic in while the service \
          starts, drains or cannot reach its database.",
    mend: "each probe its own path.",
    source: "kubernetes/kubernetes, pkg/kubelet/prober: what comes of a failure is another thing for \
             each probe; docker, `service create --health-cmd`: a task that is unhealthy is replaced.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    for (container, probe) in pod.own_probes() {
        let Some((asked, target)) = asked(own, &probe.asks) else {
            continue;
        };
        let Some((right, what)) = wrong(pod, probe, target) else {
            continue;
        };
        let message = format!("it asks {}, which is {what}", quoted(&asked.text));
        let help = match own.path(right) {
            Some(_) if probe.asks.kind().is_some() => format!("say `--probe {}`", right.as_str()),
            Some(path) => format!("write `{path}`, which is {}", right.as_str()),
            None => format!("mount a dialect that answers {}", right.as_str()),
        };
        found.say(asked.line, &pod.probe(container, probe), &message, &help);
    }
}

/// What is asked, as it is written, and what that is.
fn asked(own: &Own, asks: &Asks) -> Option<(Located, Target)> {
    if let Some((command, kind)) = asks.kind() {
        return Some((command.clone(), Target::Probe(kind)));
    }
    let path = asks.path()?;
    let target = own.target(&path.text)?;
    Some((path, target))
}

/// Which probe it is to ask, and what it asks instead.
fn wrong(pod: &Pod, probe: &Probe, target: Target) -> Option<(Kind, &'static str)> {
    let asked = match target {
        Target::Probe(asked) => Some(asked),
        Target::Everything => None,
        _ => return None,
    };
    let wanted = match probe.kind {
        Some(kind) => kind,
        None if pod.replaces => Kind::Liveness,
        None => return None,
    };
    let fits = match (wanted, asked) {
        (Kind::Readiness, None) | (Kind::Startup, Some(Kind::Liveness)) => true,
        (wanted, asked) => asked == Some(wanted),
    };
    let what = asked.map_or("everything", Kind::as_str);
    (!fits).then_some((wanted, what))
}
