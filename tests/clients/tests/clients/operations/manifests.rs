//! What the tools of platforms and balancers make of `health manifest`.

mod alive;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{Fact, compare};
use crate::program::{Directory, find};
use crate::tell;

/// The services that there are manifests of: see `src/bin/shapes.rs`.
const SHAPES: [&str; 4] = ["usual", "bare", "slow", "moved"];

/// The versions of Kubernetes that are in use, or were not long ago.
const KUBERNETES: std::ops::RangeInclusive<u32> = 29..=37;

/// What observes a tool: `None` if it is not there.
type Tool = (&'static str, fn(&'static str) -> Option<Vec<Fact>>);

const TOOLS: [Tool; 8] = [
    ("kubernetes-validate", kubernetes),
    ("Azure's types", container_apps),
    ("the Compose schema", compose),
    ("docker stack config", swarm),
    ("systemd-analyze verify", systemd),
    ("haproxy", haproxy),
    ("nginx", nginx),
    ("promtool check config", prometheus),
];

#[test]
fn manifests_are_what_tools_accept() {
    let (mut observed, mut skipped) = (Vec::new(), Vec::new());
    for (tool, observe) in TOOLS {
        if let Some(facts) = observe(tool) {
            observed.extend(facts);
        } else {
            tell(&format!("SKIPPED {tool}: not installed\n"));
            skipped.push(tool);
        }
    }
    compare("manifests", &observed, &skipped);
}

#[test]
fn who_reads_no_further_or_cannot_is_no_reason_to_panic() {
    let run = |out: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shapes"));
        command.args(["usual", "health", "manifest", "prometheus"]);
        command.stdout(out).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut left = run(Stdio::piped());
    drop(left.stdout.take());
    let output = left.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), said(&output)),
        (Some(0), String::new())
    );
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return; // Linux alone has one.
    };
    let output = run(full.into()).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).starts_with("error: cannot write"),
        "{}",
        said(&output)
    );
}

/// What is printed for a service of this shape.
fn manifest(shape: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shapes"));
    let output = command
        .args([shape, "health", "manifest"])
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shape} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A file for each shape and each of these options.
fn files(directory: &Directory, extension: &str, all: &[&[&str]]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for shape in SHAPES {
        for arguments in all {
            let name = format!("{shape}-{}.{extension}", files.len());
            files.push(directory.write(&name, &manifest(shape, arguments)).unwrap());
        }
    }
    files
}

/// A manifest in which one text is replaced by another.
fn broken(directory: &Directory, name: &str, good: &str, from: &str, to: &str) -> PathBuf {
    assert!(good.contains(from), "{good}");
    directory.write(name, &good.replacen(from, to, 1)).unwrap()
}

fn run(program: &Path, arguments: &[&str], files: &[PathBuf]) -> Output {
    Command::new(program)
        .args(arguments)
        .args(files)
        .output()
        .unwrap()
}

/// All that was said.
fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// What was said if it is as short as this, or where it was not.
fn short(output: &Output, accepted: &str, refused: &[&str]) -> String {
    let says = said(output);
    if output.status.success() && !refused.iter().any(|words| says.contains(words)) {
        return accepted.to_owned();
    }
    let found = refused.iter().find(|words| says.contains(**words));
    found.map_or(says, |words| format!("refused: {words}"))
}

fn kubernetes(tool: &'static str) -> Option<Vec<Fact>> {
    let program = find(tool)?;
    let directory = Directory::new().unwrap();
    let plain: &[&str] = &["kubernetes", "--image", "registry.example/app:1.2"];
    let options = [
        "--pre-stop",
        "5s",
        "--health-port",
        "9000",
        "--scrape",
        "annotations",
        "--namespace",
        "shop",
        "--startup",
        "1h",
        "--command",
        "/app",
        "--",
        "serve",
        "a: \"b\" #c",
    ];
    let options = [plain, &options].concat();
    let files = files(&directory, "yaml", &[plain, &options]);
    let validate = |version: u32, files: &[PathBuf]| {
        let version = format!("1.{version}.0");
        run(&program, &["--strict", "-k", &version], files)
    };
    let unlike = |version: &u32| {
        let output = validate(*version, &files);
        // A Deployment, a Service and a disruption budget in each.
        let passed = said(&output).matches(" passed for resource ").count();
        !output.status.success() || passed != 3 * files.len()
    };
    let refused: Vec<_> = KUBERNETES.filter(unlike).collect();
    let says = if refused.is_empty() {
        "passed".to_owned()
    } else {
        format!("not by {refused:?}")
    };
    let wrong = broken(
        &directory,
        "wrong.yaml",
        &manifest("usual", plain),
        "timeoutSeconds",
        "timeoutSecond",
    );
    let words = [
        "('timeoutSecond' was unexpected)",
        "('sleep' was unexpected)",
    ];
    Some(vec![
        Fact::new(tool, "every shape, for 1.29 to 1.37", says),
        Fact::new(
            tool,
            "a preStop sleep, for 1.28",
            short(&validate(28, &files[1..2]), "passed", &words),
        ),
        Fact::new(
            tool,
            "`timeoutSecond`",
            short(&validate(37, &[wrong]), "passed", &words),
        ),
    ])
}

/// The types and ranges that a script finds in what others publish.
fn script(
    tool: &'static str,
    mode: &str,
    target: &str,
    [from, to]: [&str; 2],
    refused: &str,
) -> Option<Vec<Fact>> {
    let python = find("manifest-python")?;
    let directory = Directory::new().unwrap();
    let plain: &[&str] = &[target, "--image", "registry.example/app:1.2"];
    let options = [
        "--health-port",
        "9000",
        "--startup",
        "35m",
        "--shutdown",
        "90s",
        "--command",
        "/bin/$app",
        "--",
        "serve",
        "a: \"b\" #c",
    ];
    let files = files(&directory, "yaml", &[plain, &[plain, &options].concat()]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/manifests.py");
    let wrong = broken(
        &directory,
        "wrong.yaml",
        &manifest("usual", plain),
        from,
        to,
    );
    let check = |files: &[PathBuf]| {
        short(
            &run(&python, &[script, mode], files),
            "no difference",
            &[refused],
        )
    };
    Some(vec![
        Fact::new(tool, "every shape", check(&files)),
        Fact::new(tool, format!("`{to}`"), check(&[wrong])),
    ])
}

fn container_apps(tool: &'static str) -> Option<Vec<Fact>> {
    let change = ["failureThreshold: 10", "failureThreshold: 60"];
    script(
        tool,
        "container-apps",
        "container-apps",
        change,
        "60 is more than 10",
    )
}

fn compose(tool: &'static str) -> Option<Vec<Fact>> {
    let change = ["start_interval", "start_intervall"];
    script(
        tool,
        "compose",
        "compose",
        change,
        "'start_intervall' does not match",
    )
}

/// No server is needed for this, but Docker's own client, which no registry of packages has.
fn swarm(tool: &'static str) -> Option<Vec<Fact>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let docker = std::env::split_paths(&path).map(|folder| folder.join("docker"));
    let docker = docker.into_iter().find(|program| program.is_file())?;
    let directory = Directory::new().unwrap();
    let plain: &[&str] = &["compose", "--image", "registry.example/app:1.2"];
    let options = [plain, &["--replicas", "3", "--", "serve", "$HOME"]].concat();
    let files = files(&directory, "yaml", &[plain, &options]);
    let wrong = manifest("usual", plain);
    let wrong = broken(
        &directory,
        "wrong.yaml",
        &wrong,
        "start-first",
        "first-start",
    );
    let check = |file: &PathBuf| {
        let output = run(
            &docker,
            &["stack", "config", "-c"],
            std::slice::from_ref(file),
        );
        short(&output, "accepted", &["order must be one of"])
    };
    let mut all: Vec<_> = files.iter().map(check).collect();
    all.dedup();
    Some(vec![
        Fact::new(tool, "every shape", all.join(", ")),
        Fact::new(tool, "`first-start`", check(&wrong)),
    ])
}

fn systemd(tool: &'static str) -> Option<Vec<Fact>> {
    let program = find("systemd-analyze")?;
    let directory = Directory::new().unwrap();
    // A unit has to run a program that is there.
    let there = env!("CARGO_BIN_EXE_shapes");
    let plain: &[&str] = &["systemd", "--command", there];
    let options = [
        plain,
        &[
            "--user",
            "root",
            "--",
            "serve",
            "50% of $HOME",
            "\"quoted\\",
        ],
    ]
    .concat();
    let files = files(&directory, "service", &[plain, &options]);
    let wrong = manifest("usual", plain);
    let wrong = broken(
        &directory,
        "wrong.service",
        &wrong,
        "WatchdogSec=",
        "WatchdogSec=banana",
    );
    let check = |files: &[PathBuf]| {
        let output = run(
            &program,
            &["verify", "--man=no", "--recursive-errors=yes"],
            files,
        );
        let about = directory.path().display().to_string();
        // Units of the machine itself have mistakes too.
        let own = said(&output).lines().any(|line| line.contains(&about));
        let says = short(&output, "nothing to say", &["Failed to parse sec value"]);
        if own || says.starts_with("refused") {
            says
        } else {
            "nothing to say".to_owned()
        }
    };
    Some(vec![
        Fact::new(tool, "every shape", check(&files)),
        Fact::new(tool, "`WatchdogSec=banana30`", check(&[wrong])),
    ])
}

fn haproxy(tool: &'static str) -> Option<Vec<Fact>> {
    let program = find(tool)?;
    let directory = Directory::new().unwrap();
    let front = "frontend front\n    mode http\n    timeout client 5s\n    bind 127.0.0.1:18081\n";
    let front = directory
        .write("front.cfg", &format!("{front}    default_backend app\n"))
        .unwrap();
    let plain: &[&str] = &["haproxy", "--host", "127.0.0.1", "--host", "::1"];
    let files = files(
        &directory,
        "cfg",
        &[
            plain,
            &["haproxy", "--health-port", "9000", "--drain", "1s"],
        ],
    );
    let wrong = broken(
        &directory,
        "wrong.cfg",
        &manifest("usual", plain),
        "fall 2",
        "fell 2",
    );
    let check = |file: &PathBuf| {
        let both = [front.clone(), "-f".into(), file.clone()];
        short(
            &run(&program, &["-c", "-f"], &both),
            "valid",
            &["unknown keyword 'fell'", "[WARNING]"],
        )
    };
    let mut all: Vec<_> = files.iter().map(check).collect();
    all.dedup();
    Some(vec![
        Fact::new(tool, "every shape", all.join(", ")),
        Fact::new(tool, "`fell 2`", check(&wrong)),
        Fact::new(
            tool,
            "a process that drains for 5 s",
            alive::haproxy(&program),
        ),
    ])
}

fn nginx(tool: &'static str) -> Option<Vec<Fact>> {
    let program = find(tool)?;
    let directory = Directory::new().unwrap();
    let plain: &[&str] = &[
        "nginx",
        "--listen",
        "18080",
        "--host",
        "127.0.0.1",
        "--host",
        "::1",
    ];
    let files = files(
        &directory,
        "conf",
        &[plain, &["nginx", "--listen", "18080", "--health-port", "9"]],
    );
    let wrong = broken(
        &directory,
        "wrong.conf",
        &manifest("usual", plain),
        "max_fails",
        "most_fails",
    );
    let check = |file: &PathBuf| {
        let main = alive::nginx_configuration(&directory, file);
        let output = Command::new(&program)
            .arg("-t")
            .args(["-e", "stderr", "-c"])
            .arg(main)
            .output();
        short(
            &output.unwrap(),
            "test is successful",
            &["invalid parameter \"most_fails=2\"", "[warn]"],
        )
    };
    let mut all: Vec<_> = files.iter().map(check).collect();
    all.dedup();
    let mut facts = vec![
        Fact::new(tool, "every shape", all.join(", ")),
        Fact::new(tool, "`most_fails`", check(&wrong)),
    ];
    facts.extend(alive::nginx(tool, &program));
    Some(facts)
}

fn prometheus(tool: &'static str) -> Option<Vec<Fact>> {
    let program = find("promtool")?;
    let directory = Directory::new().unwrap();
    let token = directory.write("token", "secret").unwrap();
    let token = token.to_str().unwrap();
    let plain: &[&str] = &["prometheus", "--host", "::1", "--host", "app.example"];
    let files = files(
        &directory,
        "yaml",
        &[plain, &["prometheus", "--credentials-file", token]],
    );
    let wrong = broken(
        &directory,
        "wrong.yaml",
        &manifest("usual", plain),
        "metrics_path",
        "metric_path",
    );
    let check = |files: &[PathBuf]| {
        short(
            &run(&program, &["check", "config"], files),
            "SUCCESS",
            &["field metric_path not found"],
        )
    };
    Some(vec![
        Fact::new(tool, "every shape", check(&files)),
        Fact::new(tool, "`metric_path`", check(&[wrong])),
    ])
}
