use super::Rule;
use crate::command::lint::finding::{Found, Severity};
use crate::command::lint::own::Own;
use crate::command::lint::scene::Scene;

pub(super) const RULE: Rule = Rule {
    id: "L18",
    severity: Severity::Error,
    title: "the checks, or the dialects, do not go together",
    why: "Two dialects that claim one path, a prefix that cannot be mounted, a group that is given \
          twice, two checks of one name: the service then answers 503 `misconfigured` to readiness and \
          startup for as long as it runs.",
    mend: "what the message says; `HealthService::validate` says the same, for a test of your own.",
    source: "`HealthService::validate`.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    if !matches!(scene, Scene::Checks) {
        return;
    }
    for mistake in &own.mistakes {
        let help = "`HealthService::validate` says the same, for a test of your own";
        found.say(0, "the health service", &mistake.to_string(), help);
    }
}
