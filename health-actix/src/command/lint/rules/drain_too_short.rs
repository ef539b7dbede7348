use super::Rule;
use crate::command::lint::finding::{Found, Severity, time};
use crate::command::lint::own::Own;
use crate::command::lint::scene::Scene;

pub(super) const RULE: Rule = Rule {
    id: "L20",
    severity: Severity::Warning,
    title: "the drain is over before a balancer has noticed",
    why: "After SIGTERM, readiness fails while the service goes on serving, for as long as \
          `Health::drain` was told. A balancer that polls notices after its interval, as often as it \
          wants to see a failure. If the listener is closed before, the requests of that time are \
          refused.",
    mend: "a drain of at least interval times failures, or a balancer that asks more often; `--drain` \
           says what the service was given.",
    source: "HAProxy 2.6, `inter` (2 s) and `fall` (3); Traefik 3, `healthcheck.interval` (30 s): one \
             failure is enough.",
    look,
};

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Balancer(balancer) = scene else {
        return;
    };
    let Some((line, notices)) = balancer.notices_ms.filter(|_| balancer.ours) else {
        return;
    };
    let drain = own.plan.drain_seconds.saturating_mul(1000);
    if notices <= drain {
        return;
    }
    let message = format!(
        "it notices after {}, but the drain takes {}",
        time(notices),
        time(drain)
    );
    let seconds = notices.div_ceil(1000);
    let help =
        format!("give `Health::drain` {seconds} s and say `--drain {seconds}s`, or ask more often");
    found.say(line, &balancer.what, &message, &help);
}
