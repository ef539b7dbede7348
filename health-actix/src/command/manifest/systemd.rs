//! `health manifest systemd`.

use clap::Args;

use super::Written;
use super::app::{App, Program, heading, warnings};
use super::text::comment;
use super::words;
use crate::HealthService;
use crate::command::plan::{Budget, Plan, whole_seconds};

#[derive(Args, Clone, Debug)]
pub(super) struct Systemd {
    #[command(flatten)]
    app: App,
    #[command(flatten)]
    program: Program,
    /// The user that it runs as; root where nothing is said
    #[arg(long, value_parser = words::name)]
    user: Option<String>,
    #[command(flatten)]
    budget: Budget,
}

/// What is taken from the process that no service misses.
const HARDENING: &str = "\
NoNewPrivileges=yes
ProtectSystem=full
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes
";

impl Systemd {
    pub(super) fn write(&self, service: &HealthService) -> Written {
        let plan = Plan::of(service, &self.budget);
        let mut warnings = warnings(service, &plan);
        let program = self.program();
        if !program.starts_with('/') {
            warnings.push(format!(
                "systemd looks for `{program}` in its own path: name the whole path with --command"
            ));
        }
        if self.user.is_none() {
            warnings.push("the service runs as root: name a user with --user".to_owned());
        }
        let text = heading("systemd")
            + &format!("[Unit]\nDescription={}\n", self.app.name)
            + "Wants=network-online.target\nAfter=network-online.target\n\n"
            + &self.section(&plan)
            + "\n[Install]\nWantedBy=multi-user.target\n";
        Written { text, warnings }
    }

    fn section(&self, plan: &Plan) -> String {
        let user = self.user.as_ref();
        let user = user
            .map(|user| format!("User={user}\n"))
            .unwrap_or_default();
        format!(
            "[Service]\n{}{user}{}{}{}",
            self.start(),
            self.watch(plan),
            stop(plan),
            harden()
        )
    }

    fn program(&self) -> String {
        let own = || format!("/usr/local/bin/{}", self.app.name);
        self.program.command.clone().unwrap_or_else(own)
    }

    fn start(&self) -> String {
        let mut line = format!("ExecStart={}", words::systemd_program(&self.program()));
        for arg in &self.program.args {
            line.push(' ');
            line.push_str(&words::systemd_argument(arg));
        }
        let why = comment(
            "The process says itself when it has started, drains and is alive: it needs the feature \
             `systemd`.",
        );
        format!("{why}Type=notify\nNotifyAccess=main\n{line}\n")
    }

    fn watch(&self, plan: &Plan) -> String {
        let started = comment(
            "The slowest start may take that long (--startup); it ends when startup passes.",
        );
        let window = plan.liveness.window_seconds();
        let watched = comment(&format!(
            "Restarted after {window} s without a sign of life, which is given while liveness passes."
        ));
        format!(
            "{started}TimeoutStartSec={}\n{watched}WatchdogSec={window}\nRestart=on-failure\n\
             RestartSec=5\n",
            whole_seconds(self.budget.startup)
        )
    }
}

fn stop(plan: &Plan) -> String {
    let why = comment(&format!(
        "SIGKILL comes after {} s of drain (--drain), {} s for requests in flight (--shutdown), and \
         5 s to spare.",
        plan.drain_seconds, plan.shutdown_seconds
    ));
    format!(
        "{why}KillSignal=SIGTERM\nKillMode=mixed\nTimeoutStopSec={}\n",
        plan.grace_seconds
    )
}

fn harden() -> String {
    comment("What no service misses; `systemd-analyze security` says what more there is.")
        + HARDENING
}
