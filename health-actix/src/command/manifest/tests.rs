use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use health_core::{Check, Health, HealthBuilder};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Manifest, Target, Written, words};
use crate::{Dialect, HealthService, allow};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    target: Target,
}

fn parsed(arguments: &[&str]) -> Result<Target, String> {
    let all = ["manifest"].iter().chain(arguments);
    let cli = Cli::try_parse_from(all).map_err(|e| e.to_string())?;
    Ok(cli.target)
}

fn written(service: &HealthService, arguments: &[&str]) -> Result<Written, String> {
    parsed(arguments)?.write(service)
}

fn health(checks: impl IntoIterator<Item = Check>) -> Health {
    let builder = checks
        .into_iter()
        .fold(HealthBuilder::empty(), HealthBuilder::check);
    builder.build().unwrap()
}

fn check(name: &'static str) -> Check {
    Check::new(name, async || ())
}

/// With something of everything.
fn orders() -> HealthService {
    let second = Duration::from_secs(1);
    HealthService::new(&health([
        check("database").readiness().with_timeout(2 * second),
        check("cache").readiness().with_critical(false),
        check("backlog")
            .readiness()
            .with_interval(10 * second)
            .with_failure_threshold(3),
        check("event_loop").liveness(),
        check("migrations").startup().with_timeout(3 * second),
    ]))
}

const GOLDEN: [(&str, &[&str]); 9] = [
    (
        "deployment.yaml",
        &[
            "kubernetes",
            "--image",
            "registry.example/orders:1.2",
            "--name",
            "orders",
        ],
    ),
    (
        "deployment-with-options.yaml",
        &[
            "kubernetes",
            "--image",
            "registry.example/orders:1.2",
            "--name",
            "orders",
            "--namespace",
            "shop",
            "--health-port",
            "9000",
            "--replicas",
            "3",
            "--drain",
            "0s",
            "--pre-stop",
            "5s",
            "--shutdown",
            "20s",
            "--startup",
            "90s",
            "--scrape",
            "pod-monitor",
            "--command",
            "/app",
            "--",
            "serve",
            "--greeting",
            "hello $(NAME): it's \"you\"",
        ],
    ),
    (
        "container-app.yaml",
        &[
            "container-apps",
            "--image",
            "registry.example/orders:1.2",
            "--name",
            "orders",
        ],
    ),
    (
        "compose.yaml",
        &[
            "compose",
            "--image",
            "registry.example/orders:1.2",
            "--name",
            "orders",
        ],
    ),
    (
        "orders.service",
        &["systemd", "--name", "orders", "--", "serve", "50% of $HOME"],
    ),
    (
        "haproxy.cfg",
        &[
            "haproxy", "--name", "orders", "--host", "10.0.0.7", "--host", "::1",
        ],
    ),
    (
        "nginx.conf",
        &[
            "nginx", "--name", "orders", "--host", "10.0.0.7", "--host", "10.0.0.8",
        ],
    ),
    ("prometheus.yaml", &["prometheus", "--name", "orders"]),
    (
        "prometheus-with-options.yaml",
        &[
            "prometheus",
            "--name",
            "orders",
            "--host",
            "10.0.0.7",
            "--host",
            "::1",
            "--health-port",
            "9000",
            "--credentials-file",
            "/etc/prometheus/orders.token",
        ],
    ),
];

#[test]
fn manifests_are_as_they_are_committed() {
    for (name, arguments) in GOLDEN {
        expect(name, &written(&orders(), arguments).unwrap().text);
    }
}

fn expect(name: &str, found: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/manifests");
    let file = folder.join(name);
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&file, found).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    let mut lines = found.lines().zip(golden.lines());
    let difference = lines.find(|(found, golden)| found != golden);
    let file = file.display();
    assert!(
        found == golden,
        "{file} differs: {difference:?}; BLESS=1 rewrites it"
    );
}

/// The documents of a file of YAML, as a reader has them that shares no code with the writer.
fn documents(text: &str) -> Vec<Value> {
    let documents = text.split("---\n");
    documents
        .map(|text| yaml_serde::from_str(text).unwrap())
        .collect()
}

const IMAGE: [&str; 3] = ["kubernetes", "--image", "x"];

#[test]
fn the_pod_can_be_read_as_what_was_said() {
    let options = [
        "--name",
        "yes",
        "--scrape",
        "annotations",
        "--pre-stop",
        "7s",
    ];
    let text = written(&orders(), &[&IMAGE[..], &options].concat())
        .unwrap()
        .text;
    let documents = documents(&text);
    let kinds = ["Deployment", "Service", "PodDisruptionBudget"];
    assert_eq!(
        documents.iter().map(|d| &d["kind"]).collect::<Vec<_>>(),
        kinds
    );
    assert_eq!(documents[0]["metadata"]["name"], "yes");
    let spec = &documents[0]["spec"];
    let template = &spec["template"];
    assert_eq!(
        template["metadata"]["annotations"]["prometheus.io/path"],
        "/health/metrics"
    );
    let pod = &template["spec"];
    // 7 s of preStop, 5 s of drain, 30 s for requests, and 5 s.
    assert_eq!(pod["terminationGracePeriodSeconds"], 47);
    let container = &pod["containers"][0];
    assert_eq!(
        container["lifecycle"],
        json!({"preStop": {"sleep": {"seconds": 7}}})
    );
    assert_eq!(
        container["readinessProbe"],
        json!({
            "httpGet": {"path": "/health/ready", "port": "http"},
            "periodSeconds": 5, "timeoutSeconds": 4, "failureThreshold": 2, "successThreshold": 1,
        })
    );
    assert_eq!(container["startupProbe"]["failureThreshold"], 61);
    let slowest = 61 * 5 + spec["minReadySeconds"].as_u64().unwrap();
    assert!(spec["progressDeadlineSeconds"].as_u64().unwrap() > slowest);
}

#[test]
fn paths_are_those_that_the_service_has() {
    let moved = orders()
        .prefix("/internal")
        .dialects([Dialect::kubernetes()]);
    let text = written(&moved, &[&IMAGE[..], &["--scrape", "pod-monitor"]].concat())
        .unwrap()
        .text;
    let documents = documents(&text);
    let container = &documents[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/livez");
    let endpoint = &documents[3]["spec"]["podMetricsEndpoints"][0];
    assert_eq!(endpoint["path"], "/internal/metrics");
    // Else the operator calls the job `namespace/name`, and no rule is about it.
    assert_eq!(documents[3]["spec"]["jobLabel"], "app.kubernetes.io/name");
    let text = written(&moved, &["nginx"]).unwrap().text;
    assert!(text.contains("location ^~ /internal/ {"), "{text}");
    assert!(text.contains("location ^~ /livez/ {"), "{text}");
    // Else nginx would redirect to `/livez/`.
    assert!(text.contains("location = /livez {"), "{text}");
}

#[test]
fn what_is_at_the_top_does_not_hide_the_application() {
    let text = written(&orders().prefix("/"), &["nginx"]).unwrap().text;
    assert!(text.contains("location ^~ /openapi.json {"), "{text}");
    assert!(text.contains("location ^~ /checks/ {"), "{text}");
    assert_eq!(text.matches("location / {").count(), 1, "{text}");
    assert!(!text.contains("^~ / "), "{text}");
}

#[test]
fn a_probe_that_is_answered_nowhere_is_not_asked() {
    let silent = orders().dialects([]);
    let text = written(&silent, &IMAGE).unwrap().text;
    assert!(
        text.contains("No readinessProbe: the service answers that probe nowhere"),
        "{text}"
    );
    assert!(!text.contains("httpGet"), "{text}");
    let error = written(&silent, &["haproxy"]).unwrap_err();
    assert!(error.contains("answered nowhere"), "{error}");
}

#[test]
fn container_apps_are_told_within_their_limits() {
    let probes = |arguments: &[&str]| {
        let arguments = [&["container-apps", "--image", "x"], arguments].concat();
        let written = written(&orders(), &arguments)?;
        let app = &documents(&written.text)[0];
        let probes = app["properties"]["template"]["containers"][0]["probes"].clone();
        Ok::<_, String>((probes, written.warnings))
    };
    let startup = |arguments: &[&str]| {
        let (probes, warnings) = probes(arguments).unwrap();
        let numbers = [&probes[0]["periodSeconds"], &probes[0]["failureThreshold"]];
        (numbers.map(|n| n.as_u64().unwrap()), warnings)
    };
    assert_eq!(startup(&["--startup", "45s"]).0, [5, 10]);
    assert_eq!(startup(&[]).0, [34, 10]);
    assert_eq!(startup(&["--startup", "36m"]).0, [240, 10]);
    let (numbers, warnings) = startup(&["--startup", "1h"]);
    assert_eq!(numbers, [240, 16]);
    assert!(
        warnings
            .iter()
            .any(|w| w.contains("at most 10 is documented")),
        "{warnings:?}"
    );
    let error = probes(&["--startup", "17h"]).unwrap_err();
    assert!(error.contains("shorten --startup"), "{error}");
    let error = probes(&["--name", &"x".repeat(33)]).unwrap_err();
    assert!(error.contains("at most 32 characters"), "{error}");
    let (probes, _) = probes(&[]).unwrap();
    assert_eq!(probes[0]["httpGet"]["port"], 8000);
    assert_eq!(
        [&probes[0]["type"], &probes[1]["type"], &probes[2]["type"]],
        ["Startup", "Liveness", "Readiness"]
    );
}

#[test]
fn compose_asks_no_sooner_than_it_waits_and_watches_until_that_fails() {
    let slow = Duration::from_secs(30);
    let builder = HealthBuilder::empty()
        .check(check("slow").liveness().with_timeout(slow))
        .deadline(slow);
    let service = HealthService::new(&builder.build().unwrap());
    let text = written(&service, &["compose", "--image", "x"])
        .unwrap()
        .text;
    let app = &documents(&text)[0]["services"]["app"];
    let healthcheck = ["interval", "timeout", "retries"].map(|name| &app["healthcheck"][name]);
    assert_eq!(healthcheck, [&json!("32s"), &json!("32s"), &json!(3)]);
    // It asks again 32 s after an answer that may take 32 s.
    assert_eq!(app["deploy"]["update_config"]["monitor"], "192s");
}

#[test]
fn who_deploys_is_warned() {
    let warnings = |service: &HealthService, options: &[&str]| {
        let arguments = [&IMAGE[..], options].concat();
        written(service, &arguments).unwrap().warnings.join("\n")
    };
    let fine = HealthService::new(&health([check("x").readiness()]));
    assert_eq!(warnings(&fine, &[]), "");
    let slow = warnings(&orders(), &[]);
    assert!(
        slow.contains("the readiness probe may take 3000 ms"),
        "{slow}"
    );
    assert!(slow.contains("wait for 4 s"), "{slow}");
    let none = warnings(&HealthService::new(&health([])), &[]);
    assert!(none.contains("no check is of kind readiness"), "{none}");
    let restricted = warnings(&fine.clone().restrict(allow(|_| true)), &[]);
    assert!(restricted.contains("turns probers away"), "{restricted}");
    let abrupt = warnings(&fine, &["--drain", "0s"]);
    assert!(abrupt.contains("--pre-stop 5s"), "{abrupt}");
    let short = written(&fine, &["haproxy", "--drain", "1s"])
        .unwrap()
        .warnings;
    assert!(short[0].contains("HAProxy needs 2 s"), "{short:?}");
    let compose = |options: &[&str]| {
        let arguments = [&["compose", "--image", "app:1"], options].concat();
        written(&fine, &arguments).unwrap().warnings.join("\n")
    };
    assert!(compose(&[]).contains("the healthcheck runs `/app`"));
    assert_eq!(compose(&["--command", "/orders"]), "");
}

#[test]
fn who_scrapes_is_told_that_there_are_no_metrics() {
    let scraped = |service: &HealthService| {
        let scrape = [&IMAGE[..], &["--scrape", "annotations"]].concat();
        let targets = [&["prometheus"][..], &scrape, &["alerts"], &["grafana"]];
        targets.map(|arguments| {
            let warnings = written(service, arguments).unwrap().warnings;
            warnings
                .iter()
                .any(|w| w.contains("no metrics are mounted"))
        })
    };
    let without = HealthService::new(&health([check("x").readiness()]));
    assert_eq!(scraped(&without), [true; 4]);
    #[cfg(feature = "prometheus")]
    assert_eq!(scraped(&without.metrics(allow(|_| true))), [false; 4]);
}

#[test]
fn a_service_that_cannot_be_mounted_has_no_manifest() {
    let twice = orders().dialects([Dialect::default(), Dialect::microprofile()]);
    let target = parsed(&["prometheus"]).unwrap();
    assert_eq!(Manifest { target }.execute(&twice), ExitCode::from(2));
}

#[test]
fn hostile_words_are_refused_with_what_would_do() {
    let cases: [(&[&str], &str); 12] = [
        (
            &["kubernetes", "--image", "x", "--name", "a\n  evil: true"],
            "begin with a letter",
        ),
        (
            &["kubernetes", "--image", "x", "--name", "Orders"],
            "begin with a letter",
        ),
        (
            &["kubernetes", "--image", "x", "--namespace", "a: b"],
            "begin with a letter",
        ),
        (
            &["kubernetes", "--image", "x\"\nevil: true"],
            "an image is written as",
        ),
        (
            &["kubernetes", "--image", "x", "--port", "0"],
            "0 is not in 1..=65535",
        ),
        (
            &["kubernetes", "--image", "x", "--command", "a\nb"],
            "the control character '\\n'",
        ),
        (
            &["compose", "--image", "x", "--", "a\u{2028}b"],
            "the control character",
        ),
        (
            &["haproxy", "--host", "x check\nserver evil"],
            "a host is a name or an address",
        ),
        (&["haproxy", "--host", "10.0.0.7:8000"], "--port"),
        (&["nginx", "--allow", "all; } evil {"], "all; } evil {"),
        (
            &["prometheus", "--credentials-file", "token"],
            "write the whole path",
        ),
        (
            &["kubernetes", "--image", "x", "--drain", "5"],
            "as in `90s`",
        ),
    ];
    for (arguments, says) in cases {
        let error = parsed(arguments).unwrap_err();
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
}

#[test]
fn the_healthcheck_asks_where_and_for_as_long_as_it_has_to() {
    let service = HealthService::new(&health([check("slow")
        .liveness()
        .with_timeout(Duration::from_millis(2500))]));
    let options = [
        "compose",
        "--image",
        "x",
        "--port",
        "80",
        "--command",
        "/bin/$x",
    ];
    let text = written(&service, &options).unwrap().text;
    let healthcheck = &documents(&text)[0]["services"]["app"]["healthcheck"];
    assert_eq!(
        healthcheck["test"],
        json!([
            "CMD",
            "/bin/$$x",
            "health",
            "probe",
            "--url",
            "http://127.0.0.1:80",
            "--timeout",
            "3s"
        ])
    );
    assert_eq!(
        [&healthcheck["timeout"], &healthcheck["interval"]],
        ["4s", "10s"]
    );
}

#[test]
fn what_has_a_port_of_its_own_is_not_passed_on() {
    let text = written(&orders(), &["nginx", "--health-port", "9000"])
        .unwrap()
        .text;
    assert!(!text.contains("location ^~"), "{text}");
    assert!(text.contains("port=9000"), "{text}");
    let text = written(&orders(), &["haproxy", "--health-port", "9000"])
        .unwrap()
        .text;
    assert!(text.contains("check port 9000 inter"), "{text}");
}

#[test]
fn systemd_gets_the_words_that_were_given() {
    let cases = [
        ("/usr/bin/app", "/usr/bin/app"),
        ("--port=80", "\"--port=80\""),
        ("a b", "\"a b\""),
        ("50%", "\"50%%\""),
        ("$HOME", "\"$$HOME\""),
        ("\"\\", "\"\\\"\\\\\""),
        (";", "\";\""),
    ];
    for (word, quoted) in cases {
        assert_eq!(words::systemd_argument(word), quoted, "{word}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is let in comes out again as it was, in YAML 1.2 and 1.1, and breaks nothing.
    #[test]
    fn any_word_survives(word in any::<String>()) {
        if let Ok(word) = words::word(&word) {
            let text = format!("a: {}\nb: {}\n", words::yaml(&word), words::yaml_list(&[&word]));
            let expected = json!({"a": word, "b": [word]});
            prop_assert_eq!(&yaml_serde::from_str::<Value>(&text).unwrap(), &expected);
            prop_assert_eq!(&serde_saphyr::from_str::<Value>(&text).unwrap(), &expected);
        }
    }

    /// Nothing that may be a name or an image can be read as something else.
    #[test]
    fn no_name_means_anything_else(text in "[a-z0-9yn~. :#\"-]{1,5}") {
        if words::name(&text).is_ok() || words::image(&text).is_ok() || words::host(&text).is_ok() {
            let value: Value = serde_saphyr::from_str(&words::yaml(&text)).unwrap();
            prop_assert_eq!(value, json!(text));
        }
    }
}

#[test]
fn what_asks_nobody_is_nothing_to_lint() {
    use crate::command::lint::tests::lint_of;

    for target in [
        "nginx",
        "systemd",
        "prometheus",
        "alerts",
        "alertmanager",
        "grafana",
    ] {
        let text = written(&orders(), &[target]).unwrap().text;
        let note = "<stdin>: note: there is nothing here that says how health is asked\n";
        let found = lint_of(
            &orders(),
            &["-", "--deny-warnings", "--allow", "L14"],
            &text,
        );
        assert_eq!(found, (note.to_owned(), 0), "{target}");
    }
}

#[test]
fn what_is_written_is_what_the_lints_want() {
    use crate::command::lint::tests::lint_of;

    let second = Duration::from_secs(1);
    let bare = || HealthService::new(&health([check("database").readiness()]));
    let slow = HealthService::new(&health([
        check("database").readiness().with_timeout(4 * second),
        check("event_loop").liveness().with_timeout(2 * second),
    ]));
    let kept = HealthService::new(&health([
        check("backlog").readiness().with_interval(30 * second),
        check("event_loop").liveness().with_cache(45 * second),
    ]));
    let services = [
        orders(),
        bare(),
        bare().dialects([Dialect::kubernetes(), Dialect::default()]),
        bare().prefix("/internal/health"),
        slow,
        kept,
    ];
    let budgets: [&[&str]; 4] = [
        &[],
        &["--startup", "1s", "--drain", "2s", "--shutdown", "1s"],
        &["--startup", "2m", "--drain", "20s", "--shutdown", "1m"],
        &["--startup", "30m", "--drain", "61s", "--shutdown", "0s"],
    ];
    let image = ["--image", "registry.example/orders:1.2"];
    let targets: [&[&str]; 6] = [
        &["kubernetes"],
        &["kubernetes", "--pre-stop", "5s"],
        &["kubernetes", "--health-port", "9000"],
        &["container-apps"],
        &["compose", "--command", "/app"],
        &["haproxy", "--host", "10.0.0.7"],
    ];
    for service in &services {
        for budget in budgets {
            for target in targets {
                let image: &[&str] = if target[0] == "haproxy" { &[] } else { &image };
                let arguments = [target, image, &["--name", "orders"], budget].concat();
                let Ok(written) = written(service, &arguments) else {
                    panic!("{arguments:?}: {:?}", written(service, &arguments));
                };
                let arguments = [&["-", "--deny-warnings"], budget].concat();
                let found = lint_of(service, &arguments, &written.text);
                assert_eq!(
                    found,
                    (String::new(), 0),
                    "{target:?} {budget:?}\n{}",
                    written.text
                );
                let longer = [&["-"], budget, &["--shutdown", "3h"]].concat();
                if target[0] != "haproxy" && !budget.contains(&"--shutdown") {
                    let (found, code) = lint_of(service, &longer, &written.text);
                    assert!(
                        found.contains("error[L6]") && code == 1,
                        "{target:?}\n{found}"
                    );
                }
            }
        }
    }
}
