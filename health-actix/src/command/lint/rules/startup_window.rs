use health_core::Probe as Kind;

use super::Rule;
use crate::command::lint::finding::{Found, Severity, time};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Container, Platform, Pod, Probe, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L3",
    severity: Severity::Warning,
    title: "a start that takes its time is taken for a failure",
    why: "The process is killed, and started again, when its startup probe has failed for longer than \
          period times failures, or up to a period less, as the first failure may come at once. \
          Where there is none, liveness is asked from the beginning, and kills a process that does \
          not listen yet. A start that just takes too long is then never finished: it begins anew \
          each time, and every other instance gets more to do meanwhile.",
    mend: "a startupProbe whose `periodSeconds` times `failureThreshold` is at least the longest start; \
           `--startup 2m` says how long that is.",
    source: "kubernetes/kubernetes, pkg/kubelet/prober/worker.go: liveness and readiness wait for the \
             startup probe, if there is one.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    if pod.platform == Platform::Compose {
        return; // Nothing is killed there.
    }
    for container in pod.containers.iter().filter(|container| container.ours) {
        let startup = container.probe(Kind::Startup);
        let liveness = container.probe(Kind::Liveness);
        let liveness = liveness.filter(|_| own.has_checks(Kind::Startup));
        if let Some(probe) = startup.or(liveness) {
            judge(own, pod, container, probe, found);
        }
    }
}

fn judge(own: &Own, pod: &Pod, container: &Container, probe: &Probe, found: &mut Found<'_>) {
    let (Some(lasts), Some(delay)) = (pod.lasts_ms(probe), probe.initial_delay.or(0)) else {
        return;
    };
    let patience = lasts.saturating_add(delay);
    let Some(period) = pod.period_ms(probe).filter(|period| *period > 0) else {
        return;
    };
    let budget = match pod.platform {
        // More cannot be had there: L12.
        Platform::CloudRun => own.startup_seconds.min(240),
        _ => own.startup_seconds,
    };
    let budget = budget.saturating_mul(1000);
    if patience >= budget {
        return;
    }
    let is_startup = probe.kind == Some(Kind::Startup);
    let without = if is_startup {
        ""
    } else {
        ", and there is no startup probe"
    };
    let message = format!(
        "it gives up after {}, but a start may take {}{without}",
        time(patience),
        time(budget),
    );
    // The first failure may come at once; Cloud Run takes no more than the window itself.
    let first = u64::from(pod.platform != Platform::CloudRun);
    let failures = budget.saturating_sub(delay).div_ceil(period) + first;
    let help = if is_startup {
        format!("write `failureThreshold: {failures}`, or say `--startup` if it is quicker")
    } else {
        let path = own.path(Kind::Startup).unwrap_or("/health/started");
        format!("add a startup probe of `{path}`, or say `--startup` if it is quicker")
    };
    let line = if is_startup {
        probe.failures.line
    } else {
        probe.line
    };
    found.say(line, &pod.probe(container, probe), &message, &help);
}
