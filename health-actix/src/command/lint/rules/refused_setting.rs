use health_core::Probe as Kind;

use super::Rule;
use crate::command::lint::finding::{Found, Severity};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Container, Pod, Probe, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L5",
    severity: Severity::Error,
    title: "this kind of probe cannot have such a setting",
    why: "The API server refuses a `successThreshold` other than 1 for liveness and startup, and a \
          `terminationGracePeriodSeconds` of readiness, which never terminates anything. No schema \
          says so, so that tools which validate manifests let it pass, and the rollout fails.",
    mend: "leave the setting out.",
    source: "kubernetes/kubernetes, validation of core/v1; kubernetes-validate with `--strict` was \
             seen to accept both.",
    look,
};

fn look(_: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    for (container, probe) in pod.probes() {
        match probe.kind {
            Some(Kind::Liveness | Kind::Startup) => successes(pod, container, probe, found),
            Some(Kind::Readiness) => grace(pod, container, probe, found),
            _ => {}
        }
    }
}

fn successes(pod: &Pod, container: &Container, probe: &Probe, found: &mut Found<'_>) {
    if let Some(successes) = probe.successes.or(1).filter(|successes| *successes != 1) {
        let message = format!("successThreshold is {successes}, but can only be 1 here");
        let help = "leave `successThreshold` out";
        found.say(
            probe.successes.line,
            &pod.probe(container, probe),
            &message,
            help,
        );
    }
}

fn grace(pod: &Pod, container: &Container, probe: &Probe, found: &mut Found<'_>) {
    if probe.grace.is_said() {
        let message = "it has terminationGracePeriodSeconds, but terminates nothing";
        let help = "leave `terminationGracePeriodSeconds` out";
        found.say(
            probe.grace.line,
            &pod.probe(container, probe),
            message,
            help,
        );
    }
}
