//! `health lint`: what is wrong with how a service's health is asked.

mod allowed;
mod file;
mod finding;
mod output;
mod own;
mod rules;
mod scene;
#[cfg(test)]
pub(super) mod tests;
mod yaml;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser};

use self::file::{Manifest, Ours, judge, judge_checks};
use self::output::{Format, Note, Report};
use self::own::Own;
use self::rules::Rule;
use super::output::print;
use super::plan::Budget;
use super::{HealthCommand, ensure_configured};
use crate::HealthService;

#[derive(Args, Clone, Debug)]
pub(super) struct Lint {
    /// Manifests of Kubernetes, Container Apps or Cloud Run, Compose files, and configuration of
    /// HAProxy; `-` is the standard input. Without any, the registered checks alone
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Says what a rule is about, and why
    #[arg(long, value_name = "RULE", value_parser = rule)]
    explain: Option<&'static Rule>,
    /// Switches a rule off
    #[arg(long, value_name = "RULE", value_parser = rule, value_delimiter = ',')]
    allow: Vec<&'static Rule>,
    /// Fails for warnings too
    #[arg(long)]
    deny_warnings: bool,
    /// How findings are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The container, or the service of Compose, that runs this service; else the one that asks its
    /// paths
    #[arg(long, value_name = "NAME")]
    container: Vec<String>,
    /// The port that this service listens on, to find its container
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    #[command(flatten)]
    budget: Budget,
}

/// What is longer is no manifest.
const MOST_BYTES: u64 = 10 * 1024 * 1024;

impl Lint {
    pub(super) fn execute(self, service: &HealthService) -> ExitCode {
        let (text, code) = self.answer(service, &mut io::stdin());
        print(&text, code)
    }

    /// What is printed, and the exit code.
    fn answer(&self, service: &HealthService, stdin: &mut dyn Read) -> (String, u8) {
        if let Some(rule) = self.explain {
            return (rule.explained(), 0);
        }
        if let Some(report) = incomparable(service) {
            return (report.written(self.format), report.exit_code(false));
        }
        let own = Own::of(service, &self.budget);
        let mut report = Report::default();
        if self.files.is_empty() {
            report.findings = judge_checks(&own);
        }
        let mut manifests = Vec::new();
        for file in &self.files {
            let name = shown(file);
            match read(file, stdin).and_then(|text| manifest(&name, &text)) {
                Ok(manifest) => manifests.push(manifest),
                Err((line, message)) => report.unreadable.push(Note::new(&name, line, message)),
            }
        }
        let ours = Ours {
            containers: self.container.clone(),
            port: self.port,
        };
        judge(&own, &ours, &mut manifests, &mut report);
        let is_allowed = |id: &str| self.allow.iter().any(|rule| rule.id == id);
        report.findings.retain(|finding| !is_allowed(finding.rule));
        (
            report.written(self.format),
            report.exit_code(self.deny_warnings),
        )
    }
}

impl HealthCommand {
    /// What `health lint` prints of a file, with its defaults; empty if there is nothing to mend. For
    /// a test of your own that reads a manifest which is in the same repository:
    ///
    /// ```standalone_crate
    /// use health_actix::{Health, HealthCommand, HealthService};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let service = HealthService::new(&Health::builder().build()?);
    /// let manifest = "\
    /// kind: Pod
    /// spec:
    ///   terminationGracePeriodSeconds: 45
    ///   containers:
    ///   - name: app
    ///     readinessProbe: {httpGet: {path: /health/live, port: 8000}}
    /// ";
    /// let found = HealthCommand::lint(&service, "pod.yaml", manifest);
    /// assert!(found.starts_with("pod.yaml:6: error[L15]: "), "{found}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    #[doc = include_str!("../../docs/lint.md")]
    pub fn lint(service: &HealthService, file: &str, text: &str) -> String {
        let Lint { budget, .. } = ByDefault::parse_from(["lint"]).lint;
        let report = incomparable(service).unwrap_or_else(|| {
            let own = Own::of(service, &budget);
            let mut report = Report::default();
            match manifest(file, text) {
                Ok(manifest) => judge(&own, &Ours::default(), &mut [manifest], &mut report),
                Err((line, message)) => report.unreadable.push(Note::new(file, line, message)),
            }
            report
        });
        anstream::adapter::strip_str(&report.written(Format::Text)).to_string()
    }
}

/// Why nothing can be compared with the checks, if that is so: with none, all would be well.
fn incomparable(service: &HealthService) -> Option<Report> {
    let problem = ensure_configured(service).err()?;
    let lines = problem
        .lines()
        .map(|line| Note::new("", 0, line.trim().to_owned()));
    Some(Report {
        unreadable: lines.collect(),
        ..Report::default()
    })
}

/// The command line without anything on it.
#[derive(Debug, Parser)]
struct ByDefault {
    #[command(flatten)]
    lint: Lint,
}

fn rule(id: &str) -> Result<&'static Rule, String> {
    let all: Vec<_> = rules::RULES.iter().map(|rule| rule.id).collect();
    Rule::named(id).ok_or_else(|| format!("there are {}", all.join(", ")))
}

/// A file, or the line and what is wrong there.
fn manifest(name: &str, text: &str) -> Result<Manifest, (usize, String)> {
    Manifest::read(name, text).map_err(|error| (error.line, error.message))
}

fn shown(file: &Path) -> String {
    match file.to_str() {
        Some("-") => "<stdin>".to_owned(),
        _ => file.display().to_string(),
    }
}

/// The text of a file, or why there is none.
fn read(file: &Path, stdin: &mut dyn Read) -> Result<String, (usize, String)> {
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => stdin.take(MOST_BYTES + 1).read_to_end(&mut bytes),
        _ => File::open(file).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| (0, format!("it cannot be read: {error}")))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err((0, "it is longer than 10 MiB, and so no manifest".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let message = format!("it is not UTF-8, from byte {valid} on: save it as UTF-8");
        (0, message)
    })
}
