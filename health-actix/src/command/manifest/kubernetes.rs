//! `health manifest kubernetes`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use health_core::Probe;

use super::Written;
use super::app::{App, Program, heading, warnings, why, why_timeout, without_metrics};
use super::text::{comment, indented};
use super::words::{self, yaml, yaml_list};
use crate::HealthService;
use crate::command::plan::{Budget, Plan, ProbePlan, duration, seconds};

#[derive(Args, Clone, Debug)]
pub(super) struct Kubernetes {
    #[command(flatten)]
    app: App,
    /// The image, as `registry.example/app:1.2`
    #[arg(long, value_parser = words::image)]
    image: String,
    #[command(flatten)]
    program: Program,
    /// Where the resources are made; the namespace of `kubectl` where nothing is said
    #[arg(long, value_parser = words::name)]
    namespace: Option<String>,
    /// How many instances there are
    #[arg(long, default_value_t = 2)]
    replicas: u16,
    /// How long `preStop` waits before SIGTERM, for a service that does not drain by itself
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pre_stop: Duration,
    /// How Prometheus finds the metrics; not at all where nothing is said
    #[arg(long, value_enum)]
    scrape: Option<Scrape>,
    #[command(flatten)]
    budget: Budget,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scrape {
    /// `prometheus.io/...`, which many a scrape configuration looks for
    Annotations,
    /// A resource of the Prometheus operator
    PodMonitor,
}

/// What a rollout is given to find a node and to pull the image.
const PULL_SECONDS: u64 = 120;

impl Kubernetes {
    pub(super) fn write(&self, service: &HealthService) -> Written {
        let plan = Plan::of(service, &self.budget);
        let mut text = heading("kubernetes") + &self.deployment(service, &plan);
        text += &self.service();
        text += &self.disruption_budget();
        if self.scrape == Some(Scrape::PodMonitor) {
            text += &self.pod_monitor(service);
        }
        let mut warnings = warnings(service, &plan);
        if plan.drain_seconds == 0 && self.pre_stop.is_zero() {
            warnings.push(
                "requests that arrive after SIGTERM are refused: have the service drain \
                 (`Health::drain`, --drain 5s), or wait before SIGTERM (--pre-stop 5s)"
                    .to_owned(),
            );
        }
        if self.scrape.is_some() {
            warnings.extend(without_metrics(service));
        }
        Written { text, warnings }
    }

    fn deployment(&self, service: &HealthService, plan: &Plan) -> String {
        let (metadata, labels, replicas) = (self.metadata(), self.labels(), self.replicas);
        let rollout = rollout(plan);
        let pod = indented(6, &self.pod(plan));
        format!(
            "apiVersion: apps/v1\nkind: Deployment\n{metadata}spec:\n  replicas: {replicas}\n\
             {rollout}  selector:\n    matchLabels:\n      {labels}\n  template:\n    metadata:\n      \
             labels:\n        {labels}\n{annotations}    spec:\n{pod}",
            annotations = self.annotations(service),
        )
    }

    fn metadata(&self) -> String {
        let namespace = self.namespace.as_ref();
        let namespace = namespace.map(|name| format!("  namespace: {}\n", yaml(name)));
        format!(
            "metadata:\n  name: {}\n{}  labels:\n    {}\n",
            yaml(&self.app.name),
            namespace.unwrap_or_default(),
            self.labels()
        )
    }

    fn labels(&self) -> String {
        format!("app.kubernetes.io/name: {}", yaml(&self.app.name))
    }

    fn annotations(&self, service: &HealthService) -> String {
        if self.scrape != Some(Scrape::Annotations) {
            return String::new();
        }
        format!(
            "      annotations:\n        prometheus.io/scrape: \"true\"\n        prometheus.io/path: \
             {}\n        prometheus.io/port: \"{}\"\n",
            service.metrics_path(),
            self.app.health_port()
        )
    }

    fn pod(&self, plan: &Plan) -> String {
        let pre_stop = seconds(self.pre_stop);
        let grace = plan.grace_seconds + pre_stop;
        let before = match pre_stop {
            0 => String::new(),
            _ => format!("{pre_stop} s of preStop, "),
        };
        let why = comment(&format!(
            "SIGKILL comes after {before}{} s of drain (--drain), {} s for requests in flight \
             (--shutdown), and 5 s to spare.",
            plan.drain_seconds, plan.shutdown_seconds
        ));
        let container = indented(4, &self.container(plan));
        format!(
            "{why}terminationGracePeriodSeconds: {grace}\ncontainers:\n  - name: {}\n{container}",
            yaml(&self.app.name)
        )
    }

    fn container(&self, plan: &Plan) -> String {
        let mut text = format!("image: {}\n", yaml(&self.image));
        if let Some(command) = &self.program.command {
            text += &format!("command: {}\n", yaml_list(&[expanded_by_nobody(command)]));
        }
        if !self.program.args.is_empty() {
            let args: Vec<_> = self
                .program
                .args
                .iter()
                .map(|a| expanded_by_nobody(a))
                .collect();
            text += &format!("args: {}\n", yaml_list(&args));
        }
        text += &format!(
            "ports:\n  - name: http\n    containerPort: {}\n",
            self.app.port
        );
        if self.app.has_health_port() {
            let port = self.app.health_port();
            text += &format!("  - name: health\n    containerPort: {port}\n");
        }
        for probe in [Probe::Startup, Probe::Liveness, Probe::Readiness] {
            text += &self.probe(probe, plan.probe(probe));
        }
        text + &lifecycle(seconds(self.pre_stop), plan)
    }

    fn health_port_name(&self) -> &'static str {
        if self.app.has_health_port() {
            "health"
        } else {
            "http"
        }
    }

    fn probe(&self, probe: Probe, plan: &ProbePlan) -> String {
        let Some(path) = &plan.path else {
            return comment(&format!(
                "No {probe}Probe: the service answers that probe nowhere, see \
                 `HealthService::dialects`."
            ));
        };
        let fields = format!(
            "httpGet:\n  path: {path}\n  port: {}\nperiodSeconds: {}\n{}timeoutSeconds: \
             {}\nfailureThreshold: {}\nsuccessThreshold: {}\n",
            self.health_port_name(),
            plan.period_seconds,
            why_timeout(plan),
            plan.timeout_seconds,
            plan.failure_threshold,
            plan.success_threshold
        );
        format!(
            "{}{probe}Probe:\n{}",
            why(plan, probe),
            indented(2, &fields)
        )
    }

    fn service(&self) -> String {
        let why = comment("Sends requests to pods that are ready.");
        format!(
            "---\n{why}apiVersion: v1\nkind: Service\n{}spec:\n  selector:\n    {}\n  ports:\n    - \
             name: http\n      port: {}\n      targetPort: http\n",
            self.metadata(),
            self.labels(),
            self.app.port
        )
    }

    fn disruption_budget(&self) -> String {
        let why = comment(
            "Nodes are emptied one pod at a time; pods that are not ready hinder nobody (the policy \
             is there from Kubernetes 1.27 on).",
        );
        format!(
            "---\n{why}apiVersion: policy/v1\nkind: PodDisruptionBudget\n{}spec:\n  maxUnavailable: \
             1\n  unhealthyPodEvictionPolicy: AlwaysAllow\n  selector:\n    matchLabels:\n      {}\n",
            self.metadata(),
            self.labels()
        )
    }

    fn pod_monitor(&self, service: &HealthService) -> String {
        let why = comment(
            "For the Prometheus operator. A scrape runs no check. Without jobLabel the job would be \
             called after the namespace too, and `health manifest alerts` knows it by --name.",
        );
        format!(
            "---\n{why}apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\n{}spec:\n  \
             jobLabel: app.kubernetes.io/name\n  selector:\n    matchLabels:\n      {}\n  \
             podMetricsEndpoints:\n    - port: {}\n      path: {}\n",
            self.metadata(),
            self.labels(),
            self.health_port_name(),
            service.metrics_path()
        )
    }
}

/// What keeps a bad rollout from doing harm.
fn rollout(plan: &Plan) -> String {
    let least = plan.readiness.window_seconds();
    let slowest = plan.startup.window_seconds();
    let deadline = slowest + least + PULL_SECONDS;
    let rollout = format!(
        "{}minReadySeconds: {least}\n{}progressDeadlineSeconds: {deadline}\n{}strategy:\n  type: \
         RollingUpdate\n  rollingUpdate:\n    maxUnavailable: 0\n    maxSurge: 1\n",
        comment("A new pod counts once it has been ready for as long as readiness may fail."),
        comment(&format!(
            "A rollout has failed when nothing has got further for as long as the startup probe \
             waits ({slowest} s), minReadySeconds, and {PULL_SECONDS} s to find a node and pull the image."
        )),
        comment("No old pod goes before a new one is ready: a bad rollout stops by itself."),
    );
    indented(2, &rollout)
}

/// How a pod goes.
fn lifecycle(pre_stop: u64, plan: &Plan) -> String {
    match (pre_stop, plan.drain_seconds) {
        (0, 0) => comment(
            "Neither a drain nor a preStop hook: requests that come while the endpoints are \
                 told are refused.",
        ),
        (0, drain) => comment(&format!(
            "No preStop hook: the process itself goes on serving for {drain} s after SIGTERM \
                 while readiness fails (`Health::drain`), and that is what a preStop hook would wait \
                 for. Without `Health::drain`, say --drain 0s --pre-stop 5s."
        )),
        (sleep, _) => format!(
            "{}lifecycle:\n  preStop:\n    sleep:\n      seconds: {sleep}\n",
            comment(
                "Until everybody has heard that the pod goes. Kubernetes 1.30 or newer, 1.29 \
                     behind the gate PodLifecycleSleepAction; generally available in 1.34."
            )
        ),
    }
}

/// `$(NAME)` would be replaced by a variable; what was given is what is run.
fn expanded_by_nobody(word: &str) -> String {
    word.replace("$(", "$$(")
}
