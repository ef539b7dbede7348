use health_core::Probe;

use super::Rule;
use crate::command::lint::finding::{Found, Severity, quoted};
use crate::command::lint::own::Own;
use crate::command::lint::scene::Scene;
use crate::target::Target;

pub(super) const RULE: Rule = Rule {
    id: "L11",
    severity: Severity::Error,
    title: "a balancer is pointed at liveness",
    why: "Liveness says that the process is alive, which it also is while it starts, drains, is in \
          maintenance or has lost its database. A balancer that asks for it, or for startup, goes on \
          sending requests to an instance that said it cannot serve them, and rollouts lose requests.",
    mend: "the path of readiness.",
    source: "kubernetes/apiserver, `--shutdown-delay-duration`: while it drains, `/livez` passes and \
             `/readyz` fails.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Balancer(balancer) = scene else {
        return;
    };
    let Some(Target::Probe(probe @ (Probe::Liveness | Probe::Startup))) =
        own.target(&balancer.path.text)
    else {
        return;
    };
    let message = format!(
        "it asks {}, which is {}",
        quoted(&balancer.path.text),
        probe.as_str()
    );
    let help = match own.path(Probe::Readiness) {
        Some(path) => format!("write `{path}`, which is readiness"),
        None => "mount a dialect that answers readiness".to_owned(),
    };
    found.say(balancer.path.line, &balancer.what, &message, &help);
}
