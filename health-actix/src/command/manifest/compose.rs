//! `health manifest compose`.

use clap::Args;
use health_core::Probe;

use super::Written;
use super::app::{App, Program, heading, warnings};
use super::text::{comment, indented};
use super::words::{self, yaml, yaml_list};
use crate::HealthService;
use crate::command::plan::{Budget, Plan, whole_seconds};

#[derive(Args, Clone, Debug)]
pub(super) struct Compose {
    #[command(flatten)]
    app: App,
    /// The image, as `registry.example/app:1.2`
    #[arg(long, value_parser = words::image)]
    image: String,
    #[command(flatten)]
    program: Program,
    /// How many instances there are; more than one cannot share a port outside of Swarm
    #[arg(long, default_value_t = 1)]
    replicas: u16,
    #[command(flatten)]
    budget: Budget,
}

/// What the healthcheck runs, if nothing is said.
const PROGRAM: &str = "/app";

/// Where `health probe` asks, and for how long it waits, if it is not told.
const PORT: u16 = 8000;
const WAITS_SECONDS: u64 = 2;

/// What is asked, with a process of its own each time, takes that much longer.
const START_SECONDS: u64 = 1;

impl Compose {
    pub(super) fn write(&self, service: &HealthService) -> Written {
        let plan = Plan::of(service, &self.budget);
        let mut warnings = warnings(service, &plan);
        if self.program.command.is_none() {
            warnings.push(format!(
                "the healthcheck runs `{PROGRAM}`: if the program has another path in the image, name \
                 it with --command"
            ));
        }
        let text = heading("compose")
            + &format!(
                "services:\n  {}:\n{}",
                yaml(&self.app.name),
                indented(4, &self.service(&plan))
            );
        Written { text, warnings }
    }

    fn service(&self, plan: &Plan) -> String {
        let mut text = format!("image: {}\n", yaml(&self.image));
        if let Some(command) = &self.program.command {
            text += &format!("entrypoint: {}\n", yaml_list(&[literal(command)]));
        }
        if !self.program.args.is_empty() {
            let args: Vec<_> = self.program.args.iter().map(|arg| literal(arg)).collect();
            text += &format!("command: {}\n", yaml_list(&args));
        }
        let port = self.app.port;
        text += &format!("ports:\n  - \"{port}:{port}\"\nrestart: unless-stopped\n");
        text += &comment(&format!(
            "SIGKILL comes after {} s of drain (--drain), {} s for requests in flight (--shutdown), \
             and 5 s to spare.",
            plan.drain_seconds, plan.shutdown_seconds
        ));
        text += &format!(
            "stop_signal: SIGTERM\nstop_grace_period: {}s\n",
            plan.grace_seconds
        );
        text + &self.healthcheck(plan) + &self.deploy(plan)
    }

    fn healthcheck(&self, plan: &Plan) -> String {
        let liveness = plan.probe(Probe::Liveness);
        let why = comment(&format!(
            "The program asks its own liveness: the image needs neither a shell nor curl. Swarm \
             replaces a container that is unhealthy, at most {} s after it began to fail, and \
             readiness would have it replace all of them where a database is down. Outside of Swarm, \
             where others wait for `service_healthy`, add \"--probe\", \"readiness\".",
            noticed(plan)
        ));
        let fields = format!(
            "test: {}\ninterval: {}s\n{}timeout: {}s\nretries: {}\n{}start_period: {}s\n\
             start_interval: {}s\n",
            yaml_list(&self.test(plan)),
            interval(plan),
            comment(&format!(
                "{} s for the answer, and {START_SECONDS} s to start the program.",
                waits(plan)
            )),
            timeout(plan),
            liveness.failure_threshold,
            comment(
                "What fails during the slowest start (--startup) does not count; until it passes it \
                 is asked more often (Docker 25 or newer).",
            ),
            whole_seconds(self.budget.startup),
            plan.startup.period_seconds.max(timeout(plan)),
        );
        format!("{why}healthcheck:\n{}", indented(2, &fields))
    }

    /// The command that asks, with what it does not take for granted.
    fn test(&self, plan: &Plan) -> Vec<String> {
        let program = self.program.command.as_deref().unwrap_or(PROGRAM);
        let mut test = vec![String::from("CMD"), literal(program)];
        test.extend(["health", "probe"].map(ToOwned::to_owned));
        if self.app.health_port() != PORT {
            let url = format!("http://127.0.0.1:{}", self.app.health_port());
            test.extend(["--url".to_owned(), url]);
        }
        if waits(plan) > WAITS_SECONDS {
            test.extend(["--timeout".to_owned(), format!("{}s", waits(plan))]);
        }
        test
    }

    fn deploy(&self, plan: &Plan) -> String {
        let monitor = noticed(plan);
        let why = comment(
            "For Swarm: a new container is healthy before an old one goes, and an update that fails \
             is taken back: each container is watched for as long as it takes to find it unhealthy.",
        );
        format!(
            "{why}deploy:\n  replicas: {}\n  update_config:\n    parallelism: 1\n    order: \
             start-first\n    failure_action: rollback\n    monitor: {monitor}s\n  \
             rollback_config:\n    order: start-first\n",
            self.replicas
        )
    }
}

/// How long `health probe` waits.
fn waits(plan: &Plan) -> u64 {
    plan.liveness.timeout_seconds.max(WAITS_SECONDS)
}

fn timeout(plan: &Plan) -> u64 {
    waits(plan) + START_SECONDS
}

/// Starting the program may make what is waited longer than liveness is asked by others.
fn interval(plan: &Plan) -> u64 {
    plan.liveness.period_seconds.max(timeout(plan))
}

/// How long it takes at most until a container is unhealthy: the next is asked an interval after the
/// last was answered, or was given up.
fn noticed(plan: &Plan) -> u64 {
    (interval(plan) + timeout(plan)) * plan.liveness.failure_threshold
}

/// `$NAME` would be replaced by a variable; what was given is what is run.
fn literal(word: &str) -> String {
    word.replace('$', "$$")
}
