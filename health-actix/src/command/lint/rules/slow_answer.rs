use std::time::Duration;

use health_core::{Check, Probe};

use super::Rule;
use crate::command::lint::finding::{Found, Severity, time};
use crate::command::lint::own::Own;
use crate::command::lint::scene::Scene;

pub(super) const RULE: Rule = Rule {
    id: "L14",
    severity: Severity::Warning,
    title: "a probe may take longer than kubelet waits by default",
    why: "kubelet, Container Apps and Cloud Run wait for 1 s where nothing is said, and App Runner for \
          2 s. A probe that may take longer than 900 ms works only where every prober is told so; one \
          that is forgotten, or that is added later, takes a slow check for a dead process.",
    mend: "a timeout of at most 900 ms of the checks that are named; or the `timeoutSeconds` that \
           `health manifest` prints, everywhere, and `--allow L14`.",
    source: "kubernetes/kubernetes, pkg/apis/core/v1/defaults.go; the defaults of the other platforms.",
    look,
};

/// What leaves some of the second for the way.
const QUICK: Duration = Duration::from_millis(900);

fn look(own: &Own, scene: &Scene, found: &mut Found<'_>) {
    if !matches!(scene, Scene::Checks) {
        return;
    }
    for probe in Probe::ALL {
        let plan = own.plan.probe(probe);
        if plan.answers_within <= QUICK {
            continue;
        }
        let within = u64::try_from(plan.answers_within.as_millis()).unwrap_or(u64::MAX);
        let message = format!(
            "it answers within {}, but kubelet waits for 1 s by default",
            time(within)
        );
        let seconds = plan.timeout_seconds;
        let help =
            format!("shorten the timeout, or tell every prober: `timeoutSeconds: {seconds}`");
        let slowest = own.checks.iter().filter(|check| asked_by(probe, check));
        let subject = |check: &Check| format!("{}, check {}", probe.as_str(), check.name());
        if let Some(check) = slowest.max_by_key(|check| timeout(probe, check)) {
            let at = check.location();
            let file = at.file().to_owned();
            found.say_of(file, at.line() as usize, &subject(check), &message, &help);
        }
    }
}

/// Readiness asks the startup checks too, until they have passed.
fn asked_by(probe: Probe, check: &Check) -> bool {
    check.concerns(probe) || probe == Probe::Readiness && check.concerns(Probe::Startup)
}

fn timeout(probe: Probe, check: &Check) -> Duration {
    let probes = [probe, Probe::Startup].into_iter();
    let timeouts = probes.filter(|probe| check.concerns(*probe));
    timeouts
        .map(|probe| check.timeout_for(probe))
        .max()
        .unwrap_or_default()
}
