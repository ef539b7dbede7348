//! What several targets ask for, and what they say of a probe.

use std::time::Duration;

use clap::Args;
use health_core::Probe;

use super::text::comment;
use super::words;
use crate::HealthService;
use crate::command::plan::{Plan, ProbePlan};
use crate::target::Target;

/// What the service is called, and where it listens.
#[derive(Args, Clone, Debug)]
pub(super) struct App {
    /// What the service is called
    #[arg(long, default_value = "app", value_parser = words::name)]
    pub(super) name: String,
    /// The port that it serves at
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: u16,
    /// The port of the health endpoints, if it is another one: see `HealthService::listen_on`
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    health_port: Option<u16>,
}

impl App {
    pub(super) fn health_port(&self) -> u16 {
        self.health_port.unwrap_or(self.port)
    }

    pub(super) fn has_health_port(&self) -> bool {
        self.health_port() != self.port
    }
}

/// What is run, and how.
#[derive(Args, Clone, Debug)]
pub(super) struct Program {
    /// The path of the program; else what the image says, or for systemd /usr/local/bin/NAME
    #[arg(long, value_name = "PROGRAM", value_parser = words::word)]
    pub(super) command: Option<String>,
    /// What to run it with, behind `--`
    #[arg(last = true, value_parser = words::word)]
    pub(super) args: Vec<String>,
}

/// The first line of every manifest.
pub(super) fn heading(target: &str) -> String {
    comment(&format!(
        "Written by `health manifest {target}` from the registered checks: write it anew when they \
         change."
    ))
}

/// What a probe is there for, and why it is asked as it is.
pub(super) fn why(plan: &ProbePlan, probe: Probe) -> String {
    let window = plan.window_seconds();
    let (period, times) = (plan.period_seconds, plan.failure_threshold);
    let mut says = match probe {
        Probe::Startup => format!(
            "The slowest start may take {} s (--startup): the process is killed at failure {times}, \
             {period} s lie between two, and the first may come at once. Until it has passed, \
             liveness and readiness are not asked.",
            plan.patience_seconds()
        ),
        Probe::Liveness => format!(
            "A restart is the last resort: after {times} failures in a row, {window} s, at least \
             twice as long as readiness takes to turn away."
        ),
        Probe::Readiness => format!(
            "Gets no requests after {times} failures in a row, {window} s, and gets some again after \
             the first answer that passes."
        ),
    };
    says.push_str(&checks_say(plan, probe));
    comment(&says)
}

fn checks_say(plan: &ProbePlan, probe: Probe) -> String {
    match (&plan.notice, plan.checks) {
        (_, 0) => format!(" No check is of kind {probe}: {}", without_checks(probe)),
        (Some(notice), _) if probe != Probe::Startup => format!(
            " From when `{}` would first fail, that may be up to {} s.",
            notice.check, notice.seconds
        ),
        _ => String::new(),
    }
}

const fn without_checks(probe: Probe) -> &'static str {
    match probe {
        Probe::Startup => "it passes as soon as the server answers.",
        Probe::Liveness => "it passes as long as the server answers.",
        Probe::Readiness => "it passes from the start until the process drains.",
    }
}

/// Why the timeout is what it is.
pub(super) fn why_timeout(plan: &ProbePlan) -> String {
    let within = plan.answers_within;
    if within.is_zero() {
        return comment("It asks no checks, and answers at once.");
    }
    comment(&format!(
        "It answers within {}, whatever its checks do; the rest is for the way.",
        said(within)
    ))
}

/// As an attribute says it.
pub(super) fn said(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

/// Above which kubelet, which waits 1 s where nothing else is said, may give up before.
const LONG: Duration = Duration::from_millis(900);

/// What of a plan whoever deploys the service should know at once.
pub(super) fn warnings(service: &HealthService, plan: &Plan) -> Vec<String> {
    let slow = Probe::ALL.into_iter().filter_map(|probe| {
        let plan = plan.probe(probe);
        (plan.answers_within > LONG).then(|| {
            format!(
                "the {probe} probe may take {}: whoever asks it has to wait for {} s, as this \
                 manifest says; most wait for 1 s where nothing is said",
                said(plan.answers_within),
                plan.timeout_seconds
            )
        })
    });
    let mut warnings: Vec<_> = slow.collect();
    if plan.readiness.checks == 0 {
        warnings.push(
            "no check is of kind readiness: the service gets requests whatever it depends on"
                .to_owned(),
        );
    }
    if turns_probers_away(service) {
        warnings.push(
            "`HealthService::restrict` turns probers away too: let them bring what it asks for, or \
             restrict what is no probe with `Details::only`"
                .to_owned(),
        );
    }
    warnings
}

/// Why nobody will find what is to be scraped, if that is so.
pub(super) fn without_metrics(service: &HealthService) -> Option<String> {
    (!service.has_metrics()).then(|| {
        "no metrics are mounted: enable the feature `prometheus`, and call `HealthService::metrics`"
            .to_owned()
    })
}

fn turns_probers_away(service: &HealthService) -> bool {
    let (_, endpoints) = service.for_everybody();
    let mut probes = endpoints
        .iter()
        .filter(|endpoint| matches!(endpoint.target, Target::Probe(_)));
    probes.any(|endpoint| endpoint.voice.restriction.is_some())
}
