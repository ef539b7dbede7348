use super::Rule;
use crate::command::lint::finding::{Found, Severity, quoted, time};
use crate::command::lint::own::Own;
use crate::command::lint::scene::Scene;

pub(super) const RULE: Rule = Rule {
    id: "L1",
    severity: Severity::Error,
    title: "a prober gives up before the service has answered",
    why: "A probe answers within the longest timeout among its checks, or the probe's deadline, and \
          says which check it was that hangs. A prober that gives up before that counts a failure \
          without knowing why, and a slow dependency looks like a dead process. kubelet, Container \
          Apps and Cloud Run wait for 1 s where nothing is said, for the whole exchange with its body.",
    mend: "a timeout of at least what the checks take, with 200 ms for the way, in whole seconds; or \
           shorter timeouts of the checks.",
    source: "kubernetes/kubernetes, pkg/probe/http/http.go: `timeoutSeconds` is the timeout of the \
             client; pkg/apis/core/v1/defaults.go: it is 1.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    for (container, probe) in pod.own_probes() {
        let Some(path) = probe.asks.path() else {
            continue;
        };
        let (Some(timeout), Some(needed)) =
            (pod.timeout_ms(probe), own.timeout_seconds(&path.text))
        else {
            continue;
        };
        if timeout >= needed.saturating_mul(1000) {
            continue;
        }
        let by_default = if probe.timeout.is_said() {
            ""
        } else {
            " by default"
        };
        let message = format!(
            "{} is {}{by_default}, but {} answers within {needed} s",
            pod.platform.called("timeoutSeconds"),
            time(timeout),
            quoted(&path.text),
        );
        let help = format!("write `{}`", pod.platform.time("timeoutSeconds", needed));
        found.say(
            probe.timeout.line,
            &pod.probe(container, probe),
            &message,
            &help,
        );
    }
}
