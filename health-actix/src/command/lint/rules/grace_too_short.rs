use super::Rule;
use crate::command::lint::finding::{Found, Severity, time};
use crate::command::lint::own::Own;
use crate::command::lint::scene::Scene;

pub(super) const RULE: Rule = Rule {
    id: "L6",
    severity: Severity::Error,
    title: "the process is killed before it has stopped",
    why: "After SIGTERM the service goes on serving for as long as `Health::drain` was told, so that \
          balancers notice, and then finishes requests in flight for as long as \
          `HttpServer::shutdown_timeout` allows. What is left when the grace period ends is killed. \
          The grace period of Kubernetes and the shutdown timeout of actix-web are both 30 s by \
          default: with any drain before it, the last requests are lost. A preStop hook counts too, \
          for the period begins with it. Compose allows 10 s by default.",
    mend: "a grace period of at least preStop, drain and shutdown together, and 5 s; `--drain` and \
           `--shutdown` say what the service was given.",
    source: "kubernetes/kubernetes, pkg/kubelet: the period begins with preStop; actix-net, \
             actix-server/src/builder.rs: the timeout is 30 s; docker compose, `stop_grace_period`.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    let Some(grace) = pod
        .platform
        .grace_ms()
        .and_then(|default| pod.grace.or(default))
    else {
        return;
    };
    for container in pod.containers.iter().filter(|container| container.ours) {
        let plan = own.plan.grace_seconds.saturating_mul(1000);
        let drain = own.plan.drain_seconds.saturating_mul(1000);
        let before = container.pre_stop.before(drain);
        let needed = plan.saturating_add(before);
        if grace >= needed {
            continue;
        }
        let by_default = if pod.grace.is_said() {
            ""
        } else {
            " by default"
        };
        let hook = match container.pre_stop.ms {
            0 => String::new(),
            ms => format!(", {} of them in preStop", time(ms)),
        };
        let message = format!(
            "{} is {}{by_default}, but stopping may take {}{hook}",
            pod.platform.called("terminationGracePeriodSeconds"),
            time(grace),
            time(needed),
        );
        let seconds = needed.div_ceil(1000);
        let setting = pod.platform.time("terminationGracePeriodSeconds", seconds);
        let help = format!("write `{setting}`, or say `--drain` and `--shutdown` if it is quicker");
        found.say(pod.grace.line, &pod.container(container), &message, &help);
    }
}
