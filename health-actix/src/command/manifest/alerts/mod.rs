//! `health manifest alerts`: alerting rules for Prometheus, whose thresholds are those of the
//! registered checks.

mod copies;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use health_core::Check;

use self::copies::Copies;
use super::app::without_metrics;
use super::text::{comment, indented};
use super::{Written, words};
use crate::HealthService;
use crate::command::plan::{Budget, Plan};

#[derive(Args, Clone, Debug)]
pub(super) struct Alerts {
    /// What the service is called: the `job` of its metrics
    #[arg(long, default_value = "app", value_parser = words::name)]
    name: String,
    /// Write a resource of the Prometheus operator, for `kubectl apply`
    #[arg(long)]
    prometheus_rule: bool,
    #[command(flatten)]
    budget: Budget,
}

impl Alerts {
    pub(super) fn write(&self, service: &HealthService) -> Written {
        let plan = Plan::of(service, &self.budget);
        let rules = rules(&plan, &service.health().checks(), &self.name);
        let text = if self.prometheus_rule {
            resource(&rules, &self.name)
        } else {
            rules
        };
        Written {
            text,
            warnings: without_metrics(service).into_iter().collect(),
        }
    }
}

/// A `PrometheusRule` with these rules.
fn resource(rules: &str, name: &str) -> String {
    let (heading, groups) = rules.split_once("groups:\n").unwrap_or(("", rules));
    let labels = comment(
        "The operator takes the rules whose labels its Prometheus selects: that of \
         kube-prometheus-stack wants the label `release` too.",
    );
    format!(
        "{heading}apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: \
         {name}-health\n{}    app.kubernetes.io/name: {}\nspec:\n  groups:\n{}",
        indented(2, &format!("{labels}labels:\n")),
        words::yaml(name),
        indented(2, groups)
    )
}

/// Rules, apart by an empty line. `# for each KIND` in the comment of one makes a copy of it for each
/// of that kind; `@NAME@` is filled in.
const TEMPLATE: &str = include_str!("rules.yml");

/// The longest interval between scrapes with which the rules reckon.
const SCRAPE_SECONDS: u64 = 60;

/// What stands for what.
type Values = Vec<(&'static str, String)>;

/// The rules for the job, as Prometheus calls the replicas of the service.
fn rules(plan: &Plan, checks: &[Arc<Check>], job: &str) -> String {
    let job_is = format!("job={}", quoted(job));
    let copies = Copies::new(plan, checks, &job_is);
    let always = always(plan, job, &job_is);
    let mut rules = Vec::new();
    for rule in TEMPLATE.trim_end().split("\n\n") {
        let Some((kind, rule)) = each(rule) else {
            rules.push(fill(rule, &always));
            continue;
        };
        for mut values in copies.of(kind) {
            values.extend_from_slice(&always);
            rules.push(fill(&rule, &values));
        }
    }
    rules.join("\n\n") + "\n"
}

/// The kind of which each gets a copy of this rule, and the rule without that line.
fn each(rule: &str) -> Option<(&str, String)> {
    let mark = "      # for each ";
    let (before, after) = rule.split_once(mark)?;
    let (kind, rest) = after.split_once('\n')?;
    Some((kind, format!("{before}{rest}")))
}

fn always(plan: &Plan, job: &str, job_is: &str) -> Values {
    let startup = plan.startup.patience_seconds();
    // Kubernetes waits for up to 5 min between a crash and the next start.
    let restarts = 3 * (startup + plan.grace_seconds + 300);
    // That the only replica is replaced is no news.
    let none_ready = plan.grace_seconds.max(60);
    vec![
        ("group", quoted(&format!("health of {job}"))),
        ("job", job_is.to_owned()),
        ("startup_seconds", startup.to_string()),
        ("startup", human(Duration::from_secs(startup))),
        ("restarts_seconds", restarts.to_string()),
        ("restarts", human(Duration::from_secs(restarts))),
        ("none_ready", format!("{none_ready}s")),
        (
            "drain_too_long_seconds",
            (plan.grace_seconds + SCRAPE_SECONDS).to_string(),
        ),
        ("grace_seconds", plan.grace_seconds.to_string()),
        ("drain_seconds", plan.drain_seconds.to_string()),
    ]
}

/// Fills in all at once: what is filled in is not looked at again.
fn fill(text: &str, values: &Values) -> String {
    let mut filled = String::new();
    for (number, part) in text.split('@').enumerate() {
        let value = values.iter().find(|(name, _)| *name == part);
        match value {
            Some((_, value)) if number % 2 == 1 => filled.push_str(value),
            _ => filled.push_str(part),
        }
    }
    filled
}

/// A text in double quotes, as YAML and Prometheus read it alike.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            _ if char.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

fn human(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
