use health_core::Probe as Kind;

use super::Rule;
use crate::command::lint::finding::{Found, Severity, time};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Container, Platform, Pod, Probe, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L12",
    severity: Severity::Error,
    title: "Container Apps or Cloud Run refuses these numbers",
    why: "Both take fewer numbers than Kubernetes does, and refuse a revision with others. Container \
          Apps: periods and timeouts up to 240 s, a first delay up to 60 s, 1 to 10 successes, up to \
          30 failures of liveness, 48 of readiness and 240 of startup, and one probe of each type. \
          Cloud Run: a timeout of at most the period, and a startup probe that gives up after at most \
          240 s.",
    mend: "numbers within the limits; where a window is to be longer, a longer period rather than more \
           failures.",
    source: "@azure/arm-appcontainers 4.0.0; microsoft/azure-container-apps#1100; \
             hashicorp/terraform-provider-azurerm#31989; Google Cloud, run.v2 `Probe`.",
    look,
};

fn look(_: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    for (container, probe) in pod.probes() {
        match pod.platform {
            Platform::ContainerApps => container_apps(pod, container, probe, found),
            Platform::CloudRun => cloud_run(pod, container, probe, found),
            _ => {}
        }
    }
}

/// How many failures the API takes.
pub(super) const fn most_failures(kind: Option<Kind>) -> u64 {
    match kind {
        Some(Kind::Startup) => 240,
        Some(Kind::Readiness) => 48,
        _ => 30,
    }
}

fn container_apps(pod: &Pod, container: &Container, probe: &Probe, found: &mut Found<'_>) {
    let subject = pod.probe(container, probe);
    let limits = [
        ("timeoutSeconds", probe.timeout, 1000, 1, 240),
        ("periodSeconds", probe.period, 1000, 1, 240),
        ("initialDelaySeconds", probe.initial_delay, 1000, 0, 60),
        ("successThreshold", probe.successes, 1, 1, 10),
        (
            "failureThreshold",
            probe.failures,
            1,
            1,
            most_failures(probe.kind),
        ),
    ];
    for (name, setting, unit, least, most) in limits {
        // What is not said is within the limits.
        let Some(said) = setting.or(least * unit).map(|said| said / unit) else {
            continue;
        };
        if said < least || said > most {
            let message = format!("{name} is {said}, but has to be between {least} and {most}");
            let help = format!("write `{name}: {}`", if said > most { most } else { least });
            found.say(setting.line, &subject, &message, &help);
        }
    }
    let first = probe.kind.and_then(|kind| container.probe(kind));
    if first.is_some_and(|first| first.line != probe.line) {
        let message = "there is another probe of this type";
        found.say(probe.line, &subject, message, "leave one of them out");
    }
}

fn cloud_run(pod: &Pod, container: &Container, probe: &Probe, found: &mut Found<'_>) {
    let subject = pod.probe(container, probe);
    let (Some(timeout), Some(period)) = (pod.timeout_ms(probe), pod.period_ms(probe)) else {
        return;
    };
    if timeout > period {
        let message = format!(
            "timeoutSeconds is {}, but periodSeconds is {}",
            time(timeout),
            time(period)
        );
        let help = format!("write `periodSeconds: {}`", timeout.div_ceil(1000));
        found.say(probe.period.line, &subject, &message, &help);
    }
    let lasts = pod
        .lasts_ms(probe)
        .filter(|_| probe.kind == Some(Kind::Startup));
    if let Some(lasts) = lasts.filter(|lasts| *lasts > 240_000) {
        let message = format!("it gives up after {}, but has to within 240 s", time(lasts));
        let help = format!(
            "write `failureThreshold: {}`",
            (240_000 / period.max(1)).max(1)
        );
        found.say(probe.failures.line, &subject, &message, &help);
    }
}
