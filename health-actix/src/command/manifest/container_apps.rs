//! `health manifest container-apps`.

use clap::Args;
use health_core::Probe;

use super::Written;
use super::app::{App, Program, heading, warnings, why, why_timeout};
use super::text::{comment, indented};
use super::words::{self, yaml, yaml_list};
use crate::HealthService;
use crate::command::plan::{Budget, Plan, ProbePlan};

#[derive(Args, Clone, Debug)]
pub(super) struct ContainerApps {
    #[command(flatten)]
    app: App,
    /// The image, as `registry.example/app:1.2`
    #[arg(long, value_parser = words::image)]
    image: String,
    #[command(flatten)]
    program: Program,
    /// How many instances there are at least
    #[arg(long, default_value_t = 2)]
    replicas: u16,
    #[command(flatten)]
    budget: Budget,
}

/// What is documented of a probe: at most so many failures, periods and timeouts of at most so many
/// seconds.
///
/// Source: `ContainerAppProbe` of the REST API, version 2025-01-01.
const MOST_FAILURES: u64 = 10;
const LONGEST_PERIOD: u64 = 240;

/// What the service itself takes, in the order of [`Probe::ALL`], though it is documented nowhere.
const MOST_FAILURES_TAKEN: [u64; 3] = [30, 48, 240];

/// Source: "Naming rules" of Container Apps.
const LONGEST_NAME: usize = 32;

impl ContainerApps {
    pub(super) fn write(&self, service: &HealthService) -> Result<Written, String> {
        if self.app.name.len() > LONGEST_NAME {
            return Err(format!(
                "Container Apps take names of at most {LONGEST_NAME} characters: shorten --name"
            ));
        }
        let plan = Plan::of(service, &self.budget);
        let mut warnings = warnings(service, &plan);
        let mut probes = String::new();
        for probe in [Probe::Startup, Probe::Liveness, Probe::Readiness] {
            let limited = plan
                .probe(probe)
                .with_at_most(MOST_FAILURES, LONGEST_PERIOD);
            warnings.extend(check(probe, plan.probe(probe), &limited)?);
            probes += &self.probe(probe, &limited);
        }
        let text = heading("container-apps") + &self.template(&plan, &probes);
        Ok(Written { text, warnings })
    }

    fn template(&self, plan: &Plan, probes: &str) -> String {
        let why = comment(&format!(
            "SIGKILL comes after {} s of drain (--drain), {} s for requests in flight (--shutdown), \
             and 5 s to spare.",
            plan.drain_seconds, plan.shutdown_seconds
        ));
        let template = format!(
            "{why}terminationGracePeriodSeconds: {}\ncontainers:\n  - name: {}\n{}    probes:\n{}\
             scale:\n  minReplicas: {}\n",
            plan.grace_seconds,
            yaml(&self.app.name),
            indented(4, &self.container()),
            indented(6, probes),
            self.replicas
        );
        let how = comment(
            "For `az containerapp update --yaml`, beside what else you say of the app. Revisions get \
             requests once they are ready; ports are numbers, and a container has one probe of each \
             type.",
        );
        format!("{how}properties:\n  template:\n{}", indented(4, &template))
    }

    fn container(&self) -> String {
        let mut text = format!("image: {}\n", yaml(&self.image));
        if let Some(command) = &self.program.command {
            text += &format!("command: {}\n", yaml_list(&[command]));
        }
        if !self.program.args.is_empty() {
            text += &format!("args: {}\n", yaml_list(&self.program.args));
        }
        text
    }

    fn probe(&self, probe: Probe, plan: &ProbePlan) -> String {
        let Some(path) = &plan.path else {
            return comment(&format!(
                "No probe for {probe}: the service answers it nowhere, see \
                 `HealthService::dialects`."
            ));
        };
        let kind = match probe {
            Probe::Liveness => "Liveness",
            Probe::Readiness => "Readiness",
            Probe::Startup => "Startup",
        };
        let fields = format!(
            "httpGet:\n  path: {path}\n  port: {}\n  scheme: HTTP\ninitialDelaySeconds: \
             1\n{}periodSeconds: {}\n{}timeoutSeconds: {}\nfailureThreshold: {}\nsuccessThreshold: {}\n",
            self.app.health_port(),
            why_period(probe, plan),
            plan.period_seconds,
            why_timeout(plan),
            plan.timeout_seconds,
            plan.failure_threshold,
            plan.success_threshold
        );
        format!(
            "{}- type: {kind}\n{}",
            why(plan, probe),
            indented(2, &fields)
        )
    }
}

/// At most ten failures are documented, so a long start is asked for seldom.
fn why_period(probe: Probe, plan: &ProbePlan) -> String {
    if probe != Probe::Startup || plan.period_seconds <= MOST_FAILURES {
        return String::new();
    }
    comment(&format!(
        "At most {MOST_FAILURES} failures are documented, so the time that a start may take is \
         divided by those that follow the first: a start is noticed up to {} s late. Measure your slowest one, and say \
         --startup.",
        plan.period_seconds
    ))
}

/// What does not fit into the limits.
fn check(probe: Probe, own: &ProbePlan, limited: &ProbePlan) -> Result<Option<String>, String> {
    let failures = limited.failure_threshold;
    let taken = MOST_FAILURES_TAKEN[probe as usize];
    if own.timeout_seconds > limited.timeout_seconds {
        return Err(format!(
            "Container Apps wait for an answer for at most {LONGEST_PERIOD} s, but the {probe} probe \
             may take {} s: shorten the timeouts of its checks, or `HealthBuilder::deadline`",
            own.timeout_seconds
        ));
    }
    if failures > taken {
        return Err(format!(
            "Container Apps let the {probe} probe fail for at most {} s, {taken} times \
             {LONGEST_PERIOD} s, but it would have to be {} s: shorten --startup",
            taken * LONGEST_PERIOD,
            own.window_seconds()
        ));
    }
    Ok((failures > MOST_FAILURES).then(|| {
        format!(
            "the {probe} probe needs a failureThreshold of {failures}: the service takes up to \
             {taken}, but at most {MOST_FAILURES} is documented; shorten --startup if it is refused"
        )
    }))
}
