use super::Rule;
use super::numbers_refused::most_failures;
use crate::command::lint::finding::{Found, Severity};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Platform, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L13",
    severity: Severity::Warning,
    title: "more failures than Container Apps documents",
    why: "Container Apps documents a `failureThreshold` of 1 to 10, and the portal takes no other. Its \
          API takes more: 30 for liveness, 48 for readiness, 240 for startup, as its own default \
          probes have them. What is not documented may be refused one day, or by another tool.",
    mend: "at most 10 failures, with a longer period: 10 times 15 s instead of 30 times 5 s.",
    source: "@azure/arm-appcontainers 4.0.0; microsoft/azure-container-apps#361 and #1100; \
             hashicorp/terraform-provider-azurerm#31980.",
    look,
};

const DOCUMENTED: u64 = 10;

fn look(_: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    if pod.platform != Platform::ContainerApps {
        return;
    }
    for (container, probe) in pod.probes() {
        let Some(failures) = pod.failures(probe) else {
            continue;
        };
        // More than the API takes is L12.
        if failures <= DOCUMENTED || failures > most_failures(probe.kind) {
            continue;
        }
        let message =
            format!("failureThreshold is {failures}, but 10 is the most that is documented");
        let lasts = pod.lasts_ms(probe).unwrap_or_default();
        let seconds = lasts.div_ceil(1000 * DOCUMENTED);
        let help = if seconds <= 240 {
            format!("write `failureThreshold: 10` and `periodSeconds: {seconds}`")
        } else {
            "write `failureThreshold: 10` and `periodSeconds: 240`".to_owned()
        };
        found.say(
            probe.failures.line,
            &pod.probe(container, probe),
            &message,
            &help,
        );
    }
}
