use health_core::Probe as Kind;

use super::Rule;
use crate::command::lint::finding::{Found, Severity, time};
use crate::command::lint::own::Own;
use crate::command::lint::scene::Scene;

pub(super) const RULE: Rule = Rule {
    id: "L7",
    severity: Severity::Warning,
    title: "liveness is not much more patient than readiness",
    why: "What is slow should be taken out of traffic first, and restarted only if that does not help. \
          If liveness gives up as soon as readiness does, a spell that would have passed, of garbage, \
          load or throttling, costs a restart, and the other instances get its load.",
    mend: "`periodSeconds` times `failureThreshold` of liveness at least twice that of readiness.",
    source: "kubernetes/kubernetes, pkg/kubelet/prober/worker.go: both count failures in a row, each in \
             its own period.",
    look,
};

fn look(_: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    for container in &pod.containers {
        let liveness = container.probe(Kind::Liveness);
        let Some((liveness, readiness)) = liveness.zip(container.probe(Kind::Readiness)) else {
            continue;
        };
        let (Some(lasts), Some(other)) = (pod.lasts_ms(liveness), pod.lasts_ms(readiness)) else {
            continue;
        };
        let needed = other.saturating_mul(2);
        let Some(period) = pod
            .period_ms(liveness)
            .filter(|period| *period > 0 && lasts < needed)
        else {
            continue;
        };
        let message = format!(
            "it restarts after {}, while readiness fails after {}",
            time(lasts),
            time(other),
        );
        let help = format!("write `failureThreshold: {}`", needed.div_ceil(period));
        let subject = pod.probe(container, liveness);
        found.say(liveness.failures.line, &subject, &message, &help);
    }
}
