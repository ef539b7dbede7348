//! Every rule: a file that breaks it, alone, with what is printed, and its mended twin.
//!
//! `BLESS=1 cargo test -p health-actix --features clap --lib lint` writes what is found; read the
//! difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};
use health_core::{Check, Health, HealthBuilder};
use proptest::prelude::*;

use super::*;
use crate::Dialect;

fn health() -> Health {
    let database = Check::new("database", async || true).readiness();
    HealthBuilder::empty()
        .check(Check::new("event_loop", async || true).liveness())
        .check(database.with_timeout(Duration::from_secs(2)).with_tag("db"))
        .check(Check::new("migrations", async || true).startup())
        .build()
        .unwrap()
}

fn service() -> HealthService {
    HealthService::new(&health())
}

/// What `health lint ARGS` prints, without colours, and its exit code.
pub(in crate::command) fn lint_of(
    service: &HealthService,
    args: &[&str],
    stdin: &str,
) -> (String, u8) {
    let matches = ByDefault::command().try_get_matches_from([&["lint"], args].concat());
    let lint = matches.map_err(|error| error.to_string()).unwrap();
    let lint = ByDefault::from_arg_matches(&lint).unwrap().lint;
    let (text, code) = lint.answer(service, &mut stdin.as_bytes());
    (anstream::adapter::strip_str(&text).to_string(), code)
}

fn lint(args: &[&str], stdin: &str) -> (String, u8) {
    lint_of(&service(), args, stdin)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Compares with a committed file.
fn expect(file: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(file, found).unwrap();
    }
    let golden = fs::read_to_string(file).unwrap_or_default();
    let difference = found.lines().zip(golden.lines()).find(|(a, b)| a != b);
    let file = file.display();
    assert!(
        found == golden,
        "{file} differs: {difference:?}; BLESS=1 rewrites it\n{found}"
    );
}

/// The numbers of the rules that are named in an output.
fn named(output: &str) -> BTreeSet<String> {
    let ids = output.lines().filter_map(|line| {
        let (_, rest) = line
            .split_once("error[")
            .or_else(|| line.split_once("warning["))?;
        Some(rest.split_once(']')?.0.to_owned())
    });
    ids.collect()
}

/// The files of users, by their names without what comes after the first dot.
fn files() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join("tests/lint")).unwrap();
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|file| file.contains('.') && !file.ends_with(".txt") && !file.contains(".mended."))
        .map(|file| (file.split('.').next().unwrap().to_owned(), file))
        .collect();
    files.sort();
    files
}

#[test]
fn each_rule_has_a_file_that_breaks_it_alone_and_a_mended_twin() {
    let mut covered: BTreeSet<String> = ["L4", "L14", "L18"].map(String::from).into();
    for (name, file) in files() {
        let folder = root().join("tests/lint");
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
        let found = HealthCommand::lint(&service(), &file, &read(&file));
        expect(&folder.join(format!("{name}.txt")), &found);
        let rule = name.split('-').next().unwrap().to_owned();
        assert_eq!(
            named(&found),
            BTreeSet::from([rule.clone()]),
            "{file}\n{found}"
        );
        let mended = file.replacen('.', ".mended.", 1);
        assert_eq!(
            HealthCommand::lint(&service(), &mended, &read(&mended)),
            "",
            "{mended}"
        );
        covered.insert(rule);
    }
    let all: BTreeSet<_> = rules::RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(covered, all);
}

#[test]
fn a_hook_is_as_long_as_it_says() {
    let needed = |hook: &str| {
        let pod = format!(
            "kind: Pod\nmetadata: {{name: orders}}\nspec:\n  terminationGracePeriodSeconds: 1\n  \
             containers:\n  - name: app\n    lifecycle: {{preStop: {hook}}}\n    readinessProbe: \
             {{httpGet: {{path: /health/ready}}, timeoutSeconds: 3}}\n"
        );
        let (_, found) = HealthCommand::lint(&service(), "pod.yaml", &pod)
            .split_once("stopping may take ")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        found.split('\n').next().unwrap().to_owned()
    };
    for (hook, expected) in [
        ("{sleep: {seconds: 10}}", "50 s, 10 s of them in preStop"),
        (
            "{exec: {command: [sleep, '10']}}",
            "50 s, 10 s of them in preStop",
        ),
        // What drains meanwhile does not drain for another 5 s.
        (
            "{exec: {command: [/app, health, drain, --wait, 1m 30s]}}",
            "125 s, 90 s of them in preStop",
        ),
        (
            "{exec: {command: [sh, -c, '/app health drain --wait=8s']}}",
            "43 s, 8 s of them in preStop",
        ),
        (
            "{exec: {command: [sh, -c, 'kill -USR1 1; sleep 5']}}",
            "40 s, 5 s of them in preStop",
        ),
        ("{exec: {command: [/app, health, drain]}}", "40 s"),
        ("{exec: {command: [/app, health, drain, --wait]}}", "40 s"),
    ] {
        assert_eq!(needed(hook), expected, "{hook}");
    }
}

/// What is printed of the registered checks, with the lines of this file masked.
fn of_checks(name: &str, service: &HealthService, rule: &str) {
    let (found, _) = lint_of(service, &[], "");
    let mut masked = String::new();
    for line in found.lines() {
        let rest = line
            .split_once("tests.rs:")
            .and_then(|(_, rest)| rest.split_once(": "));
        match rest {
            Some((_, rest)) => masked.push_str(&format!("src/checks.rs:(line): {rest}\n")),
            None => masked.push_str(&format!("{line}\n")),
        }
    }
    expect(&root().join(format!("tests/lint/{name}.txt")), &masked);
    assert_eq!(named(&found), BTreeSet::from([rule.to_owned()]), "{found}");
}

#[test]
fn without_files_the_registered_checks_are_judged() {
    let build = |checks: Vec<Check>| {
        let builder = checks
            .into_iter()
            .fold(HealthBuilder::empty(), HealthBuilder::check);
        HealthService::new(&builder.build().unwrap())
    };
    let database = || Check::new("database", async || true);
    let broken = || {
        let rates = Check::new("rates", async || true).with_external(true);
        let session = Check::new("session", async || true).with_tag("dependency");
        vec![database().readiness(), rates.liveness(), session.liveness()]
    };
    of_checks("L4", &build(broken()), "L4");
    let slow = Duration::from_millis(1200);
    of_checks(
        "L14",
        &build(vec![database().readiness().with_timeout(slow)]),
        "L14",
    );
    of_checks("L16-checks", &build(vec![]), "L16");
    let clash = build(vec![database().readiness()]);
    let clash = clash.dialects([Dialect::default(), Dialect::microprofile()]);
    of_checks("L18", &clash, "L18");

    let reasoned = |check: Check| check.with_liveness_reason("a restart mends its pool");
    let mended = broken().into_iter().map(reasoned).collect();
    for mended in [mended, vec![database().readiness()]] {
        assert_eq!(lint_of(&build(mended), &[], ""), (String::new(), 0));
    }
}

#[test]
fn the_documentation_lists_the_rules() {
    let mut table =
        "| rule | severity | what is wrong | what to write instead |\n|---|---|---|---|\n"
            .to_owned();
    for rule in &rules::RULES {
        let severity = rule.severity.name();
        table.push_str(&format!(
            "| {} | {severity} | {} | {} |\n",
            rule.id, rule.title, rule.mend
        ));
    }
    let file = root().join("src/docs/lint.md");
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("| rule |").unwrap();
    let after = rest.split_once("\n\n").unwrap().1;
    expect(&file, &format!("{before}{table}\n{after}"));
}

#[test]
fn every_rule_explains_itself() {
    for rule in &rules::RULES {
        let (text, code) = lint(&["--explain", &rule.id.to_lowercase()], "");
        assert_eq!(code, 0);
        let begin = format!("{}[{}]: {}\n\n", rule.severity.name(), rule.id, rule.title);
        assert!(text.starts_with(&begin), "{text}");
        for part in ["\n\nMend: ", "\n\nSource: "] {
            assert!(text.contains(part), "{text}");
        }
    }
    let matches = ByDefault::command().try_get_matches_from(["lint", "--explain", "L99"]);
    let message = matches.unwrap_err().to_string();
    assert!(message.contains("there are L1, L2, "), "{message}");
}

/// A pod whose readiness probe has a timeout that is too short.
const POD: &str = "\
kind: Pod
metadata: {name: orders}
spec:
  terminationGracePeriodSeconds: 40
  containers:
    - name: app
      readinessProbe:
        httpGet: {path: /health/ready, port: 8000}
        timeoutSeconds: 2
    - name: other
      livenessProbe:
        exec: {command: [redis-cli, ping]}
        timeoutSeconds: 20
";

#[test]
fn each_format_says_the_same() {
    let folder = root().join("tests/lint/formats");
    for format in ["text", "json", "github"] {
        let (found, code) = lint(&["-", "--format", format], POD);
        assert_eq!(code, 1);
        expect(&folder.join(format!("pod.{format}")), &found);
    }
    let (found, _) = lint(&["-", "--format=json"], POD);
    let json: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!(json["findings"][0]["rule"], "L1");
    assert_eq!(json["findings"][0]["line"], 9);
}

#[test]
fn findings_can_be_allowed() {
    assert_eq!(
        named(&lint(&["-"], POD).0),
        ["L1", "L2"].map(String::from).into()
    );
    let (found, code) = lint(&["-", "--allow", "l1"], POD);
    assert_eq!((named(&found), code), (["L2".to_owned()].into(), 0));
    assert_eq!(lint(&["-", "--allow", "L1", "--deny-warnings"], POD).1, 1);
    assert_eq!(lint(&["-", "--allow=L1,L2"], POD), (String::new(), 0));

    let with = |comment: &str| POD.replace("timeoutSeconds: 2\n", comment);
    let on = with("timeoutSeconds: 2  # health-lint: allow L1 it is quick here\n");
    let above = with(
        "# health-lint: allow L1, L2 it is quick\n        # so it is\n        timeoutSeconds: 2\n",
    );
    for text in [on, above] {
        assert_eq!(
            named(&lint(&["-"], &text).0),
            ["L2".to_owned()].into(),
            "{text}"
        );
    }
    let notes = [
        ("allow L1", "it allows nothing without a reason"),
        ("allow L99 so", "there is no rule `L99`"),
        ("forbid L1", "write `# health-lint: allow L10`"),
    ];
    for (comment, note) in notes {
        let text = with(&format!("timeoutSeconds: 2 # health-lint: {comment}\n"));
        let (found, code) = lint(&["-"], &text);
        assert!(
            found.contains(&format!("<stdin>:9: note: {note}")),
            "{found}"
        );
        assert_eq!((named(&found).contains("L1"), code), (true, 1));
    }
    let elsewhere = POD.replace(
        "  containers",
        "  # health-lint: allow L1 far away\n  containers",
    );
    assert!(named(&lint(&["-"], &elsewhere).0).contains("L1"));
}

#[test]
fn containers_are_told_apart() {
    let two = "\
kind: Pod
spec:
  containers:
    - {name: app, ports: [{containerPort: 8000}], livenessProbe: {tcpSocket: {port: 8000}}}
    - {name: proxy, ports: [{containerPort: 80}], livenessProbe: {tcpSocket: {port: 80}}}
";
    let found = lint(&["-"], two).0;
    assert_eq!(
        found,
        "note: no container asks a path of this service: name it with `--container`\n"
    );
    for args in [["-", "--container=app"], ["-", "--port=8000"]] {
        let found = lint(&args, two).0;
        assert!(
            found.contains("[L19]: Pod, container app, livenessProbe"),
            "{found}"
        );
        assert!(!found.contains("container proxy"), "{found}");
    }
    let found = lint(&["-", "--container=ap"], two).0;
    assert_eq!(found, "note: there is no container `ap`\n");
    let one = "kind: Pod\nspec:\n  containers:\n    - {name: app, livenessProbe: {httpGet: {path: /healthz}}}\n";
    let found = lint(&["-"], one).0;
    assert!(
        found.contains("<stdin>:4: note: container `app`, the only one, is taken"),
        "{found}"
    );
    assert!(named(&found).contains("L9"), "{found}");
}

#[test]
fn every_kind_of_workload_is_read() {
    let probe =
        "[{name: app, livenessProbe: {httpGet: {path: /health/live}, successThreshold: 3}}]";
    let spec = format!("spec: {{containers: {probe}}}");
    let sidecar = probe.replace("name: app", "name: app, restartPolicy: Always");
    let template = |kind: &str| format!("kind: {kind}\nspec: {{template: {{{spec}}}}}\n");
    let job = format!("kind: CronJob\nspec: {{jobTemplate: {{spec: {{template: {{{spec}}}}}}}}}");
    let mut texts: Vec<_> = [
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
    ]
    .map(template)
    .into();
    texts.extend([
        format!("kind: Pod\n{spec}\n"),
        format!("kind: Pod\nspec: {{initContainers: {sidecar}}}\n"),
        format!("kind: List\nitems: [{{kind: Pod, {spec}}}]\n"),
        format!("---\n---\nkind: ConfigMap\n---\nkind: Pod\n{spec}\n"),
        job,
        "{\"kind\": \"Pod\", \"spec\": {\"containers\": [{\"livenessProbe\": {\"successThreshold\": 3}}]}}".to_owned(),
    ]);
    for text in texts {
        let (found, code) = lint(&["-"], &text);
        assert!(named(&found).contains("L5"), "{text}\n{found}");
        assert_eq!(code, 1);
    }
    let finished = format!("kind: Pod\nspec: {{initContainers: {probe}}}\n");
    assert!(lint(&["-"], &finished).0.contains("there is nothing here"));
}

#[test]
fn what_cannot_be_read_is_said_and_fails() {
    let template = "kind: Deployment\nmetadata: {{ include \"x\" . | nindent 4 }}\n";
    let unterminated = "a: [1\n";
    let cases = [
        (
            template,
            "it looks like a template: render it first, as in `helm template … | health lint -`",
        ),
        (
            "{{- if .Values.probes }}\nkind: Pod\n{{- end }}\n",
            "render it first",
        ),
        (
            "a: 1\na: 2\n",
            "<stdin>:2: error: the key `a` is there twice, first in line 1",
        ),
        (unterminated, "<stdin>:1: error: unclosed bracket"),
    ];
    for (text, message) in cases {
        let (found, code) = lint(&["-"], text);
        assert!(found.contains(message), "{text}\n{found}");
        assert_eq!(code, 2);
    }
    let (found, code) = lint(&["/nowhere.yaml", "-"], POD);
    assert!(
        found.contains("/nowhere.yaml: error: it cannot be read: "),
        "{found}"
    );
    assert!(found.contains("error[L1]"), "{found}");
    assert_eq!(code, 2);
    let of_bytes = |bytes: &[u8]| read(Path::new("-"), &mut &*bytes).unwrap_err().1;
    assert_eq!(
        of_bytes(b"a: \xff"),
        "it is not UTF-8, from byte 3 on: save it as UTF-8"
    );
    assert_eq!(
        of_bytes(&vec![b' '; 11 << 20]),
        "it is longer than 10 MiB, and so no manifest"
    );
}

#[test]
fn files_move_no_cursor() {
    let text = POD
        .replace("/health/ready", "\"/x\\e[2J\\r\\n\"")
        .replace("name: app", "name: \"a\\u202eb\"");
    for format in ["text", "json", "github"] {
        let (found, _) = lint(
            &["-", "--format", format, "--container", "a\u{202e}b"],
            &text,
        );
        let bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!found.contains(bad), "{found:?}");
        assert!(found.contains("[2J"), "{found}");
    }
}

#[test]
fn numbers_of_any_size_are_judged_or_left_alone() {
    let huge = POD.replace(
        "timeoutSeconds: 2\n",
        "timeoutSeconds: 99999999999999999999999\n",
    );
    assert!(named(&lint(&["-"], &huge).0).contains("L2"));
    for strange in [
        "-1", "0x10", "1e3", "1.5", ".nan", "$TIMEOUT", "[1]", "{a: 1}", "!!int 2",
    ] {
        let text = POD.replace(
            "timeoutSeconds: 2\n",
            &format!("timeoutSeconds: {strange}\n"),
        );
        lint(&["-"], &text);
    }
    for zero in [
        "periodSeconds: 0",
        "failureThreshold: 0",
        "periodSeconds: 18446744073709551615",
    ] {
        let text = POD
            .replace("timeoutSeconds: 2\n", &format!("{zero}\n"))
            .replace("readiness", "startup");
        lint(&["-"], &text);
    }
}

#[test]
fn aliases_make_no_crowd() {
    let mut text =
        "kind: List\nx: &c {name: app, livenessProbe: {httpGet: {path: /health/live}}}\n"
            .to_owned();
    text.push_str(&format!("y: &cs [{}]\n", "*c,".repeat(500)));
    text.push_str("z: &p {kind: Pod, spec: {containers: *cs}}\n");
    text.push_str(&format!("items: [{}]\n", "*p,".repeat(500)));
    let (found, code) = lint(&["-"], &text);
    assert!(
        found.ends_with("there are more than 1000 containers and balancers\n"),
        "{found}"
    );
    assert_eq!(code, 2);
}

/// Texts that look like manifests, and are often broken.
fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("kind: ".to_owned()),
        Just("Pod".to_owned()),
        Just("spec:\n  ".to_owned()),
        Just("services:\n  ".to_owned()),
        Just("properties: {template: ".to_owned()),
        Just("containers:\n  - ".to_owned()),
        Just("livenessProbe: ".to_owned()),
        Just("readinessProbe:\n      ".to_owned()),
        Just("healthcheck: {test: ".to_owned()),
        Just("httpGet: {path: /health/live}".to_owned()),
        Just("exec: {command: [curl, http://x/health]}".to_owned()),
        Just("timeoutSeconds: ".to_owned()),
        Just("failureThreshold: 0".to_owned()),
        Just("\"http://\"".to_owned()),
        "[-\\[\\]{}:,&*#|>%@!'\"\n\t 0-9a-z<]{1,6}",
        "\\PC{1,4}",
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

/// A manifest with one piece replaced.
fn bent() -> impl Strategy<Value = String> {
    let files = files();
    let pick = (
        0..files.len(),
        any::<prop::sample::Index>(),
        0_usize..12,
        "[-\\[\\]{}:,&*#\n\t 0-9a-z]{0,6}",
    );
    pick.prop_map(move |(file, at, length, new)| {
        let path = root().join("tests/lint").join(&files[file].1);
        let mut text: Vec<char> = fs::read_to_string(path).unwrap().chars().collect();
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        text.splice(start..end, new.chars());
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn whatever_a_file_says_it_is_judged_the_same_each_time(
        text in prop_oneof![texts(), bent()],
        file in prop_oneof![Just("a.yaml"), Just("a.cfg")],
    ) {
        let service = service();
        let first = HealthCommand::lint(&service, file, &text);
        prop_assert_eq!(&first, &HealthCommand::lint(&service, file, &text));
        let bad = |c: char| c.is_control() && c != '\n';
        prop_assert!(!first.contains(bad), "{:?}", first);
    }
}

/// What a file of a pod is told, of which these are the containers.
fn lint_pod(containers: &str) -> String {
    let grace = "terminationGracePeriodSeconds: 45";
    let text = format!("kind: Pod\nspec:\n  {grace}\n  containers:\n{containers}");
    lint(&["-", "--container=app", "--allow=L3,L7,L10,L16"], &text).0
}

#[test]
fn the_probe_command_asks_liveness_where_nothing_is_said() {
    let exec = |kind: &str, words: &str| {
        let exec = format!("exec: {{command: [/app, health, probe{words}]}}, timeoutSeconds: 3");
        lint_pod(&format!("  - {{name: app, {kind}: {{{exec}}}}}\n"))
    };
    let found = exec("readinessProbe", "");
    assert!(
        found.contains(
            "it asks `/app health probe`, which is liveness\n  = help: say `--probe readiness`"
        ),
        "{found}"
    );
    let found = exec("livenessProbe", ", --probe=readiness");
    assert!(
        found.contains("which is readiness\n  = help: say `--probe liveness`"),
        "{found}"
    );
    for (kind, words) in [
        ("livenessProbe", ""),
        ("readinessProbe", ", --probe, readiness"),
        ("readinessProbe", ", --probe, $PROBE"),
        (
            "readinessProbe",
            ", --url, 'http://127.0.0.1:8000/health/ready'",
        ),
    ] {
        assert_eq!(exec(kind, words), "", "{kind} {words}");
    }
}

#[test]
fn paths_that_nobody_can_know_are_left_alone() {
    let get = |path: &str| {
        let get = format!("readinessProbe: {{httpGet: {{path: \"{path}\"}}, timeoutSeconds: 3}}");
        lint_pod(&format!("  - {{name: app, {get}}}\n"))
    };
    for path in ["[parameters('path')]", "/app-health/app/readyz", "$PATH"] {
        assert_eq!(get(path), "", "{path}");
    }
    assert!(get("/app-healthy").contains("[L9]"));
}

#[test]
fn what_serves_nothing_is_not_taken_for_this_service() {
    let job = "kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: x}]}}}}}\n";
    assert_eq!(lint(&["-"], job), (String::new(), 0));
    let both = format!("{job}---\nkind: Pod\nspec: {{containers: [{{name: app}}]}}\n");
    let found = lint(&["-"], &both).0;
    assert!(
        found.contains("note: container `app`, the only one"),
        "{found}"
    );
}

#[test]
fn a_byte_order_mark_hides_nothing() {
    let backend = "\u{feff}backend app\n  option httpchk GET /health/live\n  server a h:1 check\n";
    assert!(lint(&["-"], backend).0.contains("<stdin>:2: error[L11]"));
    let pod = format!("\u{feff}{}", POD.replace('\n', "\r\n"));
    assert_eq!(lint(&["-"], &pod), lint(&["-"], POD));
}

#[test]
fn haproxy_asks_faster_once_a_server_has_failed() {
    let notices = |settings: &str| {
        let server = format!("  server a h:1 check {settings}\n");
        let found = lint(
            &["-", "--drain=4s"],
            &format!("backend app\n  option httpchk GET /health/ready\n{server}"),
        );
        found.0
    };
    assert_eq!(notices("inter 3s fastinter 500ms fall 3"), "");
    let found = notices("inter 3s fastinter 1s fall 3");
    assert!(found.contains("it notices after 5 s"), "{found}");
}

#[test]
fn labels_of_traefik_are_read_wherever_it_reads_them() {
    let path = "traefik.http.services.web.loadBalancer.healthCheck.path";
    for labels in [
        format!("labels: ['{path}=/health/live']"),
        format!("deploy: {{labels: {{{path}: /health/live}}}}"),
    ] {
        let text = format!("services:\n  web:\n    {labels}\n");
        let found = lint(&["-", "--drain=1m"], &text).0;
        assert!(
            found.contains("<stdin>:3: error[L11]: service web"),
            "{found}"
        );
    }
}

#[test]
fn curl_needs_no_scheme() {
    let asks = |test: &str| {
        let text = format!("services:\n  web:\n    healthcheck: {{test: {test}}}\n");
        lint(&["-", "--shutdown=0s", "--drain=0s"], &text).0
    };
    let found = asks("curl -f localhost:8000/health/raedy || exit 1");
    assert!(
        found.contains("no endpoint answers at `/health/raedy`"),
        "{found}"
    );
    assert!(!asks("nc -z localhost:8000").contains("L9"));
}

#[test]
fn sections_of_haproxy_take_the_defaults_that_they_name() {
    let text = "\
defaults http
  option httpchk GET /health/live
defaults tcp
backend a
  server a h:1 check
backend b from http
  server b h:1 check
defaults more from http
backend c
  server c h:1 check
";
    let found = lint(&["-", "--allow=L20"], text).0;
    for (backend, asks) in [("a", false), ("b from http", true), ("c", true)] {
        let says = format!("[L11]: backend {backend}:");
        assert_eq!(found.contains(&says), asks, "{backend}: {found}");
    }
}

#[test]
fn checks_that_have_mistakes_cannot_be_compared_with() {
    let service = HealthService::new(&Health::misconfigured());
    for args in [&["-"][..], &[]] {
        let (found, code) = lint_of(&service, args, POD);
        assert_eq!(
            (found.contains("have mistakes"), code),
            (true, 2),
            "{found}"
        );
    }
    assert!(HealthCommand::lint(&service, "pod.yaml", POD).contains("have mistakes"));
}
