//! An image that holds a program and nothing else, built and run by podman.
//!
//! The first stage of the Dockerfile needs a registry; what it makes is handed in by
//! `HEALTH_TEST_IMAGE_PROGRAM`: the quickstart, linked statically.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use super::{Fact, compare};
use crate::http;
use crate::program::{Directory, PATIENCE, find, is_required};
use crate::tell;

const SECTION: &str = "image";
const TOOL: &str = "podman";

#[test]
fn podman_sees_what_is_expected() {
    let program = env::var_os("HEALTH_TEST_IMAGE_PROGRAM").map(PathBuf::from);
    assert!(
        program.is_some() || !is_required(),
        "HEALTH_TEST_IMAGE_PROGRAM names no program"
    );
    let Some((_, program)) = find(TOOL).zip(program) else {
        tell("SKIPPED image: no podman in PATH, or HEALTH_TEST_IMAGE_PROGRAM names no program\n");
        return;
    };
    compare(SECTION, &observe(&program), &[]);
}

fn observe(program: &Path) -> Vec<Fact> {
    let image = Image::build(program);
    let mut facts = Vec::new();
    let mut fact = |given: &str, says: String| facts.push(Fact::new(TOOL, given, says));
    fact("the files of the image", image.files());

    let container = Container::run(&image);
    fact("healthcheck run, serving", container.healthcheck());
    fact("inspect, serving", container.health());
    fact(
        "exec health probe --probe readiness, serving",
        container.exec(&["health", "probe", "--probe", "readiness"]),
    );
    fact(
        "exec health drain, serving",
        container.exec(&["health", "drain"]),
    );
    container.wait_until_it_says("draining");
    fact("healthcheck run, draining", container.healthcheck());
    fact(
        "exec health probe --probe readiness, draining",
        container.exec(&["health", "probe", "--probe", "readiness"]),
    );
    fact(
        "exec health probe of a port where nobody listens",
        container.exec(&["health", "probe", "--url", "http://127.0.0.1:1/health/live"]),
    );
    fact("stop", container.stop());
    facts
}

/// Removed when it is dropped.
struct Image(String);

impl Image {
    fn build(program: &Path) -> Self {
        let directory = Directory::new().unwrap();
        let stage = directory.path().join("image");
        fs::create_dir_all(stage.join("data")).unwrap();
        fs::copy(program, stage.join("quickstart")).unwrap();
        let name = format!("localhost/client-tests-{}", std::process::id());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let context = format!("build={}", directory.path().display());
        let file = root.join("examples/quickstart/Dockerfile");
        podman(["build", "--format", "docker", "--build-context", &context])
            .args(["--tag", &name, "--file"])
            .args([file.as_os_str(), directory.path().as_os_str()])
            .succeed();
        Self(name)
    }

    /// All that is in it but what every container is given.
    fn files(&self) -> String {
        let container = podman(["create", &self.0]).succeed();
        let list = format!("podman export {container} | tar --list | sort | tr '\\n' ' '");
        let list = Command::new("sh").args(["-c", &list]).output().unwrap();
        podman(["rm", &container]).succeed();
        let given = ["dev/", "etc/", "proc/", "run/", "sys/"];
        let text = String::from_utf8(list.stdout).unwrap();
        let own = text.split_whitespace();
        let own = own.filter(|file| !given.iter().any(|given| file.starts_with(given)));
        own.collect::<Vec<_>>().join(" ")
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = podman(["rmi", "--force", &self.0]).output();
    }
}

/// Removed when it is dropped.
struct Container {
    id: String,
    port: u16,
}

impl Container {
    fn run(image: &Image) -> Self {
        let port = free_port();
        // What an unprivileged machine cannot raise is not asked for.
        let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=512:512"];
        let id = podman(["--runtime", "runc", "run", "--detach", "--network", "host"])
            .args(limits)
            .args([
                "--env",
                "HOST=127.0.0.1",
                "--env",
                &format!("PORT={port}"),
                &image.0,
            ])
            .succeed();
        let container = Self { id, port };
        container.wait_until_it_says("\"ready\"");
        container
    }

    /// What the readiness probe answers, if it does.
    fn readiness(&self) -> String {
        let address = ([127, 0, 0, 1], self.port).into();
        let answer = http::get(address, "/health/ready", "client-tests", PATIENCE);
        answer.map(|(_, body)| body).unwrap_or_default()
    }

    fn wait_until_it_says(&self, word: &str) {
        let begin = Instant::now();
        while !self.readiness().contains(word) {
            assert!(begin.elapsed() < PATIENCE, "it never says {word}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs the image's own HEALTHCHECK; podman has it run by timers of systemd, if that is there.
    fn healthcheck(&self) -> String {
        said(&podman(["healthcheck", "run", &self.id]).output().unwrap())
    }

    fn health(&self) -> String {
        let last =
            "{{.State.Health.Status}}{{range .State.Health.Log}}; {{.ExitCode}} {{.Output}}{{end}}";
        self.without_port(&podman(["inspect", "--format", last, &self.id]).succeed())
    }

    fn exec(&self, arguments: &[&str]) -> String {
        let command = podman(["exec", &self.id, "/quickstart"])
            .args(arguments)
            .output();
        self.without_port(&said(&command.unwrap()))
    }

    fn stop(&self) -> String {
        podman(["stop", "--time", "20", &self.id]).succeed();
        let code = podman(["inspect", "--format", "{{.State.ExitCode}}", &self.id]).succeed();
        format!("ended with {code}")
    }

    fn without_port(&self, text: &str) -> String {
        text.replace(&self.port.to_string(), "PORT")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = podman(["rm", "--force", "--time", "0", &self.id]).output();
    }
}

fn podman<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Podman {
    let mut command = Command::new(TOOL);
    command.args(arguments);
    Podman(command)
}

struct Podman(Command);

impl Podman {
    fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.0.args(arguments);
        self
    }

    fn output(mut self) -> std::io::Result<Output> {
        self.0.output()
    }

    /// The last line that it says.
    fn succeed(mut self) -> String {
        let output = self.0.output().unwrap();
        assert!(output.status.success(), "{:?}: {output:?}", self.0);
        let text = String::from_utf8(output.stdout).unwrap();
        text.trim().lines().last().unwrap_or_default().to_owned()
    }
}

/// The exit code, and what was said; podman's own warnings, which have a time, are no part of it.
fn said(output: &Output) -> String {
    let code = output.status.code().unwrap_or(-1);
    let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    let lines = texts.iter().flat_map(|text| text.lines());
    let own = lines.filter(|line| !line.starts_with("time="));
    let text = own.collect::<Vec<_>>().join("; ");
    format!("{code} {text}").trim().to_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
