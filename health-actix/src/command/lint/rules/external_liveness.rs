use health_core::{Check, Probe};

use super::Rule;
use crate::command::lint::finding::{Found, Severity};
use crate::command::lint::own::Own;
use crate::command::lint::scene::Scene;

pub(super) const RULE: Rule = Rule {
    id: "L4",
    severity: Severity::Error,
    title: "liveness asks something outside of the process",
    why: "A failing liveness probe restarts the process. A restart mends no database: when a shared \
          dependency is slow, every instance restarts at once, loses what was in flight, and comes \
          back with a storm of new connections to what was slow. Such outages are on record. What is \
          to be seen by liveness is what a restart mends: a deadlock, or a pool that cannot reconnect \
          although its server is there.",
    mend: "`kind = \"readiness\"`; or, where a restart does mend it, `liveness_reason = \"why\"`, or \
           `Check::with_liveness_reason`.",
    source: "mozmeao/infra#660, kyma-incubator/reconciler#707, Apicurio operator#215, \
             vectorize-io/hindsight#3329; AWS Builders' Library, \"Implementing health checks\".",
    look,
};

/// Tags that say so.
const TAGS: [&str; 2] = ["external", "dependency"];

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    if !matches!(scene, Scene::Checks) {
        return;
    }
    for check in own
        .checks
        .iter()
        .filter(|check| check.concerns(Probe::Liveness))
    {
        let Some(why) = why(check).filter(|_| check.liveness_reason().is_empty()) else {
            continue;
        };
        let at = check.location();
        let subject = format!("check {}", check.name());
        let message = format!("it serves liveness, but {why}");
        let help = "let it serve readiness instead, or give it a `liveness_reason`";
        found.say_of(
            at.file().to_owned(),
            at.line() as usize,
            &subject,
            &message,
            help,
        );
    }
}

fn why(check: &Check) -> Option<String> {
    if check.is_external() {
        return Some("asks something outside of the process".to_owned());
    }
    if check.is_shared() {
        return Some("all replicas share what it asks".to_owned());
    }
    let tag = check.tags().find(|tag| TAGS.contains(tag))?;
    Some(format!("is tagged `{tag}`"))
}
