use super::Rule;
use crate::command::lint::finding::{Found, Severity, time};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Platform, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L2",
    severity: Severity::Warning,
    title: "a prober may wait for longer than the time to its next probe",
    why: "A service that hangs is then asked less often than the period says, so that it is noticed \
          later than the numbers promise: each failure takes the timeout, not the period. Cloud Run \
          and the health checks of Google Cloud refuse it; Kubernetes takes it.",
    mend: "a period of at least the timeout.",
    source: "Google Cloud, run.v2 and compute: the timeout must not exceed the interval; \
             kubernetes/kubernetes, pkg/kubelet/prober/worker.go: a probe is awaited before the next.",
    look,
};

fn look(_: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    if pod.platform == Platform::CloudRun {
        return; // It refuses them: L12.
    }
    for (container, probe) in pod.probes() {
        let (Some(timeout), Some(period)) = (pod.timeout_ms(probe), pod.period_ms(probe)) else {
            continue;
        };
        if timeout <= period {
            continue;
        }
        let message = format!(
            "{} is {}, but {} is {}",
            pod.platform.called("timeoutSeconds"),
            time(timeout),
            pod.platform.called("periodSeconds"),
            time(period),
        );
        let seconds = timeout.div_ceil(1000);
        let help = format!(
            "write `{}` or more",
            pod.platform.time("periodSeconds", seconds)
        );
        found.say(
            probe.period.line,
            &pod.probe(container, probe),
            &message,
            &help,
        );
    }
}
