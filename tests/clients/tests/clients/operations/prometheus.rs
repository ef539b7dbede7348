//! Prometheus scrapes replicas and evaluates the alerting rules; the Alertmanager tells a webhook.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::replica::{METRICS, Replica};
use super::webhook::Webhook;
use super::{Fact, compare};
use crate::blackbox::listening_at;
use crate::http;
use crate::observe::until;
use crate::program::{Directory, PATIENCE, Program, find};
use crate::tell;

const NAME: &str = "prometheus";
const ALERTMANAGER: &str = "prometheus-alertmanager";

/// What the command line prints, as committed; and who tells whom, which it prints as it is.
const GOLDEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../health-actix/tests/golden/alerts"
);
const RULES: &str = include_str!("../../../../../health-actix/tests/golden/alerts/rules.yml");
const DASHBOARD: &str =
    include_str!("../../../../../health-actix/tests/golden/alerts/grafana.json");
const ROUTES: &str =
    include_str!("../../../../../health-actix/src/command/manifest/alertmanager.yml");

#[test]
fn promtool_and_amtool_find_nothing_wrong() {
    let (Some(promtool), Some(amtool)) = (find("promtool"), find("amtool")) else {
        return tell("SKIPPED promtool, amtool: not installed\n");
    };
    let directory = Directory::new().unwrap();
    let routes = directory.write("alertmanager.yml", ROUTES).unwrap();
    let rules = format!("{GOLDEN}/rules.yml");
    let tests = format!("{GOLDEN}/rules_test.yml");
    let routes = routes.to_str().unwrap();
    let strict = ["--lint=all", "--lint-fatal"];
    let facts = [
        Fact::new(
            "promtool",
            "check rules --lint=all --lint-fatal",
            said(&promtool, &["check", "rules", strict[0], strict[1], &rules]),
        ),
        Fact::new(
            "promtool",
            "test rules",
            said(&promtool, &["test", "rules", &tests]),
        ),
        Fact::new(
            "amtool",
            "check-config",
            said(&amtool, &["check-config", routes]),
        ),
        receiver(&amtool, routes, "critical"),
        receiver(&amtool, routes, "warning"),
        receiver(&amtool, routes, "info"),
    ];
    compare("alerts as files", &facts, &[]);
}

#[test]
fn what_the_command_line_prints_is_accepted() {
    let (Some(promtool), Some(amtool)) = (find("promtool"), find("amtool")) else {
        return tell("SKIPPED promtool, amtool: not installed\n");
    };
    let directory = Directory::new().unwrap();
    for shape in ["usual", "bare", "slow", "moved"] {
        let rules = printed(shape, &["alerts", "--name", "orders"]);
        let rules = directory.write("rules.yml", &rules).unwrap();
        let arguments = ["check", "rules", "--lint=all", "--lint-fatal"];
        let said = said(
            &promtool,
            &[&arguments[..], &[rules.to_str().unwrap()]].concat(),
        );
        assert!(said.starts_with("SUCCESS"), "{shape}: {said}");
    }
    let routes = printed("usual", &["alertmanager"]);
    let routes = directory.write("alertmanager.yml", &routes).unwrap();
    let said = said(&amtool, &["check-config", routes.to_str().unwrap()]);
    assert_eq!(said, "SUCCESS");
    assert_eq!(
        printed("usual", &["grafana", "--name", "orders"]),
        DASHBOARD
    );
}

/// What `health manifest` prints for a service of this shape.
fn printed(shape: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shapes"));
    let command = command.args([shape, "health", "manifest"]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{shape}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whom the routes choose for an alert of this severity.
fn receiver(amtool: &Path, routes: &str, severity: &str) -> Fact {
    let (file, label) = (
        format!("--config.file={routes}"),
        format!("severity={severity}"),
    );
    let output = Command::new(amtool)
        .args([
            "config",
            "routes",
            "test",
            &file,
            "alertname=HealthX",
            &label,
        ])
        .output()
        .unwrap();
    let says = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Fact::new("amtool", format!("config routes test {label}"), says)
}

/// Whether it succeeds, in its own words.
fn said(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let verdict = text.lines().find(|line| line.contains("SUCCESS"));
    match verdict.and_then(|line| line.split_once("SUCCESS")) {
        Some((_, rest)) if output.status.success() => format!("SUCCESS{rest}"),
        _ => panic!("{output:?}"),
    }
}

#[test]
fn prometheus_is_told_the_same_whatever_befalls() {
    let (Some(prometheus), Some(promtool)) = (find(NAME), find("promtool")) else {
        return tell("SKIPPED prometheus: not installed\n");
    };
    let names = ["healthy", "unhealthy", "draining", "misconfigured"];
    let replicas = names.map(|name| match name {
        "misconfigured" => Replica::misconfigured(),
        _ => Replica::start(),
    });
    replicas[1].set_down(true);
    replicas[2].health.start_draining();
    let prometheus = start(&prometheus, &replicas.each_ref(), None);
    let mut facts = Vec::new();
    for (name, replica) in names.iter().zip(&replicas) {
        let mut says = String::new();
        // What is measured at first is that nothing is known yet.
        until(|| {
            says = target_says(prometheus.address, replica);
            !says.contains("unknown")
        });
        facts.push(Fact::new(NAME, *name, says));
    }
    let mut check = |given: String, replica: &Replica, accept| {
        let says = metrics_are(&promtool, &scrape(replica.address, accept));
        facts.push(Fact::new(
            "promtool",
            format!("check metrics, {given}"),
            says,
        ));
    };
    for (name, replica) in names.iter().zip(&replicas) {
        check(format!("{name}, text"), replica, "text/plain;version=0.0.4");
    }
    let accept = "application/openmetrics-text;version=1.0.0";
    check("healthy, OpenMetrics".to_owned(), &replicas[0], accept);
    compare("metrics", &facts, &[]);
    every_panel_shows_something(prometheus.address, &replicas[0]);
}

/// What Prometheus knows of a target, and a few samples of it.
fn target_says(prometheus: SocketAddr, replica: &Replica) -> String {
    let targets = ask(prometheus, "/api/v1/targets");
    let targets = targets["data"]["activeTargets"].as_array().unwrap();
    let address = replica.address.to_string();
    let target = targets
        .iter()
        .find(|it| it["labels"]["instance"] == address);
    let Some(target) = target else {
        return "unknown target".to_owned();
    };
    let instance = format!("instance=\"{address}\"");
    let mut says = target["health"].as_str().unwrap().to_owned();
    let error = target["lastError"].as_str().unwrap();
    let _ = write!(says, "{}{error}", if error.is_empty() { "" } else { " " });
    let up = values(prometheus, &format!("up{{{instance}}}"));
    let _ = write!(says, ", up {}, {}", up.join(" "), replica.format());
    let query = format!("health_probe_status{{{instance},probe=\"readiness\"}} == 1");
    let _ = write!(says, ", readiness {}", labels(prometheus, &query, "status"));
    let query = format!("app_health_dependency_status{{{instance},component=\"database\"}}");
    let _ = write!(says, ", database {}", values(prometheus, &query).join(" "));
    let query = format!("health_draining{{{instance}}}");
    let _ = write!(says, ", draining {}", values(prometheus, &query).join(" "));
    says.trim_end().to_owned()
}

pub(crate) fn scrape(address: SocketAddr, accept: &str) -> String {
    let request = format!(
        "GET {METRICS} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    let response = http::send(address, &request, std::time::Instant::now() + PATIENCE).unwrap();
    assert_eq!(response.code, 200);
    String::from_utf8(response.body(usize::MAX).unwrap()).unwrap()
}

/// What promtool has to say of them, in one line.
fn metrics_are(promtool: &Path, metrics: &str) -> String {
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(metrics.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().replace('\n', "; ");
    if output.status.success() && said.is_empty() {
        return "clean".to_owned();
    }
    said
}

fn every_panel_shows_something(prometheus: SocketAddr, replica: &Replica) {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let expressions = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    for target in expressions {
        let expression = target["expr"].as_str().unwrap();
        let expression = expression
            .replace("$job", "orders")
            .replace("$instance", &replica.address.to_string())
            .replace("$check", ".+")
            .replace("$__rate_interval", "10s");
        let shows = until(|| {
            // Probes have to be asked to have a latency.
            for path in ["/health/live", "/health/ready", "/health/started"] {
                http::get(replica.address, path, "client-tests", PATIENCE).unwrap();
            }
            let values = values(prometheus, &expression);
            !values.is_empty() && values.iter().any(|value| value != "NaN")
        });
        assert!(shows, "nothing is shown of {expression}");
    }
}

#[test]
fn an_outage_is_told_and_resolved() {
    let (Some(prometheus), Some(alertmanager)) = (find(NAME), find(ALERTMANAGER)) else {
        return tell("SKIPPED prometheus, alertmanager: not installed\n");
    };
    let webhook = Webhook::start().unwrap();
    let replicas = [Replica::start(), Replica::start()];
    let [a, b] = &replicas;
    let alertmanager = route(&alertmanager, webhook.address);
    let prometheus = start(&prometheus, &[a, b], Some(alertmanager.address));
    let is_up = || values(prometheus.address, "up == 1").len() == replicas.len();
    assert!(until(is_up), "both are scraped");

    let mut facts = Vec::new();
    let mut told = |given: &str, receiver: &str, status: &str, name: &str| {
        let found = until(|| webhook.told(receiver, status, name).is_some());
        let labels = webhook.told(receiver, status, name).unwrap_or_default();
        let says = if found {
            format!("{receiver}: {status} {labels}")
        } else {
            "nothing".to_owned()
        };
        facts.push(Fact::new("alertmanager", format!("{given}: {name}"), says));
    };
    let down = "the database of one replica is down";
    a.set_down(true);
    told(down, "on-call", "firing", "HealthDependencyDown");
    told(down, "team", "firing", "HealthNotReady");
    a.set_down(false);
    told(
        "it is up again",
        "on-call",
        "resolved",
        "HealthDependencyDown",
    );
    told("it is up again", "team", "resolved", "HealthNotReady");
    webhook.forget();
    let all = "that of all replicas is down";
    replicas.iter().for_each(|replica| replica.set_down(true));
    told(all, "on-call", "firing", "HealthDependencyDownEverywhere");
    told(all, "on-call", "firing", "HealthNoReplicaReady");
    let mut inhibited = |given: &str, name: &str, address: SocketAddr| {
        let says = until(|| is_inhibited(alertmanager.address, name, address));
        let says = if says { "inhibited" } else { "not inhibited" };
        facts.push(Fact::new("alertmanager", format!("{given}: {name}"), says));
    };
    inhibited(all, "HealthDependencyDown", b.address);
    inhibited(all, "HealthNotReady", b.address);
    replicas.iter().for_each(|replica| replica.set_down(false));
    let is_over = || !is_there(alertmanager.address, "HealthNotReady");
    assert!(until(is_over), "all is well again");
    a.health.start_draining();
    inhibited("one replica drains", "HealthNotReady", a.address);
    compare("alerts", &facts, &[]);
}

/// A program that listens.
struct Listening {
    _program: Program,
    address: SocketAddr,
}

/// Scrapes and evaluates each second, and tells at once.
fn start(program: &Path, replicas: &[&Replica], alertmanager: Option<SocketAddr>) -> Listening {
    let directory = Directory::new().unwrap();
    directory.write("rules.yml", &impatient()).unwrap();
    let targets = replicas
        .iter()
        .map(|replica| format!("'{}'", replica.address));
    let targets = targets.collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nscrape_configs:\n  \
         - job_name: orders\n    metrics_path: {METRICS}\n    static_configs: [{{targets: [{targets}]}}]\n"
    );
    if let Some(address) = alertmanager {
        let _ = write!(
            text,
            "rule_files: [rules.yml]\nalerting:\n  alertmanagers:\n    - static_configs: \
             [{{targets: ['{address}']}}]\n"
        );
    }
    let file = directory.write("prometheus.yml", &text).unwrap();
    listening(program, directory, &file, &[])
}

/// The rules with nothing to wait for, and no time that a start may take.
fn impatient() -> String {
    let lines = RULES.lines().map(|line| match line.split_once("for: ") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}for: 0s"),
        _ => line.replace("> 120", "> 0"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The routes and inhibitions with nothing to wait for, and receivers at the webhook.
fn route(program: &Path, webhook: SocketAddr) -> Listening {
    let (routes, rest) = ROUTES.split_once("receivers:\n").unwrap();
    let (_, inhibitions) = rest.split_once("inhibit_rules:\n").unwrap();
    let waits = ["group_wait: 30s", "group_wait: 10s", "group_interval: 5m"];
    let quick = [
        "group_wait: 100ms",
        "group_wait: 100ms",
        "group_interval: 1s",
    ];
    let mut text = routes.to_owned();
    for (wait, quick) in waits.iter().zip(quick) {
        assert!(text.contains(wait), "{wait}");
        text = text.replace(wait, quick);
    }
    text.push_str("receivers:\n  - name: nobody\n");
    for name in ["on-call", "team"] {
        let url = format!("http://{webhook}/{name}");
        let _ = writeln!(
            text,
            "  - name: {name}\n    webhook_configs: [{{url: '{url}'}}]"
        );
    }
    let _ = write!(text, "inhibit_rules:\n{inhibitions}");
    let directory = Directory::new().unwrap();
    let file = directory.write("alertmanager.yml", &text).unwrap();
    listening(program, directory, &file, &["--cluster.listen-address="])
}

fn listening(program: &Path, directory: Directory, file: &Path, more: &[&str]) -> Listening {
    let file = PathBuf::from(file);
    let start = |directory: &Path| {
        let mut command = Command::new(program);
        command.arg(format!("--config.file={}", file.display()));
        let data = if program.ends_with(NAME) {
            "--storage.tsdb.path"
        } else {
            "--storage.path"
        };
        command.arg(format!("{data}={}", directory.join("data").display()));
        command.arg("--web.listen-address=127.0.0.1:0").args(more);
        command
    };
    let mut program = Program::start(directory, start).unwrap();
    let address = program.wait_for(|program| {
        let address = listening_at(&program.log())?;
        let (code, _) = http::get(address, "/-/ready", "client-tests", PATIENCE).ok()?;
        (code == 200).then_some(address)
    });
    Listening {
        _program: program,
        address,
    }
}

fn is_there(alertmanager: SocketAddr, name: &str) -> bool {
    let alerts = ask(alertmanager, "/api/v2/alerts");
    let mut alerts = alerts.as_array().unwrap().iter();
    alerts.any(|alert| alert["labels"]["alertname"] == name)
}

fn is_inhibited(alertmanager: SocketAddr, name: &str, instance: SocketAddr) -> bool {
    let alerts = ask(alertmanager, "/api/v2/alerts");
    let mut alerts = alerts.as_array().unwrap().iter();
    alerts.any(|alert| {
        let (labels, by) = (&alert["labels"], &alert["status"]["inhibitedBy"]);
        labels["alertname"] == name
            && labels["instance"] == instance.to_string()
            && by.as_array().is_some_and(|by| !by.is_empty())
    })
}

/// The values of an instant query.
fn values(prometheus: SocketAddr, query: &str) -> Vec<String> {
    let found = results(prometheus, query);
    let values = found
        .iter()
        .map(|it| it["value"][1].as_str().unwrap().to_owned());
    values.collect()
}

fn labels(prometheus: SocketAddr, query: &str, label: &str) -> String {
    let found = results(prometheus, query);
    let labels = found.iter().map(|it| it["metric"][label].as_str().unwrap());
    labels.collect::<Vec<_>>().join(" ")
}

fn results(prometheus: SocketAddr, query: &str) -> Vec<Value> {
    let answer = ask(
        prometheus,
        &format!("/api/v1/query?query={}", encoded(query)),
    );
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    answer["data"]["result"].as_array().unwrap().clone()
}

fn ask(address: SocketAddr, path: &str) -> Value {
    let (_, body) = http::get(address, path, "client-tests", PATIENCE).unwrap();
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let _ = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => write!(encoded, "{}", byte as char),
            _ => write!(encoded, "%{byte:02X}"),
        };
    }
    encoded
}
