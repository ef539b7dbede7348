//! Runs the real program with some of its switches on, and reads what the bodies say.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Nothing that is waited for here takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program, ended when dropped.
struct Program {
    child: Child,
    port: u16,
}

impl Program {
    fn start(switches: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let child = program(switches)
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let program = Self { child, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < PATIENCE, "it never listened");
            thread::sleep(Duration::from_millis(5));
        }
        program
    }

    /// The code, and the body as JSON.
    fn get(&self, path: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!("GET /health{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let code = text.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        (code, serde_json::from_str(body).unwrap())
    }

    /// What is said of a check by its own path: the status, and a message or an error.
    fn check(&self, name: &str) -> (String, String) {
        let (code, body) = self.get(&format!("/checks/{name}"));
        let text = body.get("message").or_else(|| body.get("error"));
        let text = text.and_then(Value::as_str).unwrap_or_default().to_owned();
        let status = body["status"].as_str().unwrap().to_owned();
        assert_eq!(code == 503, status == "unhealthy", "{body}");
        (status, text)
    }

    /// Asks for a check until its text is as expected.
    fn wait_for(&self, name: &str, expected: impl Fn(&str) -> bool) {
        let start = Instant::now();
        loop {
            let (status, text) = self.check(name);
            if expected(&text) {
                break;
            }
            assert!(start.elapsed() < PATIENCE, "still {status}: {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(switches: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_misbehaving"));
    command.env("MISBEHAVE", switches);
    command
}

fn said(status: &str, text: &str) -> (String, String) {
    (status.to_owned(), text.to_owned())
}

#[test]
fn nothing_is_switched_on_unless_asked_for() {
    let program = Program::start("");
    let (_, ready) = program.get("/ready");
    let names: Vec<_> = ready["checks"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["block", "error", "fine", "hang", "panic", "sync_slow"]
    );
    assert_eq!(program.get("/live"), (200, json!({ "status": "alive" })));
}

#[test]
fn an_unknown_switch_is_an_error_that_lists_those_that_there_are() {
    let output = program("slow, flip").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("the switch flip"), "{error}");
    for switch in ["interval", "flapping", "slow", "two_probes", "shared"] {
        assert!(error.contains(switch), "{switch}: {error}");
    }
}

#[test]
fn runs_are_started_kept_counted_and_measured_as_annotated() {
    let program = Program::start("interval,flapping,slow,kept");

    // Whoever asks runs nothing, so there are few runs however often that is done.
    let begin = Instant::now();
    let ran_again = |text: &str| text.starts_with("run ") && text != "run 1";
    program.wait_for("interval", ran_again);
    let mut runs: Vec<_> = (0..50).map(|_| program.check("interval")).collect();
    assert!(runs.iter().all(|(status, _)| status == "healthy"));
    runs.dedup();
    let most = begin.elapsed().as_secs() + 2;
    assert!(runs.len() as u64 <= most, "{runs:?}");

    for run in 1..=6 {
        let ends = if run % 2 == 0 { "fails" } else { "passes" };
        let expected = said("healthy", &format!("run {run} {ends}"));
        assert_eq!(program.check("flapping"), expected);
    }

    let (status, text) = program.check("slow");
    assert_eq!(status, "degraded", "{text}");
    assert!(text.ends_with("more than 100 ms"), "{text}");

    assert_eq!(program.check("kept"), said("unhealthy", "run 1"));
    assert_eq!(program.check("kept"), said("unhealthy", "run 2"));
    assert_eq!(program.check("kept"), said("healthy", "run 3"));
    assert_eq!(program.check("kept"), said("healthy", "run 3"));
}

#[test]
fn a_run_that_timed_out_is_given_time() {
    let program = Program::start("linger");
    let timeout = said("unhealthy", "Timeout after 200ms");
    assert_eq!(program.check("linger"), timeout);
    program.wait_for("linger", |text| text.starts_with("still running after"));
    // Once it was cancelled, there is a new one.
    program.wait_for("linger", |text| text == "Timeout after 200ms");
}

#[test]
fn probes_differ_in_what_they_make_of_a_check() {
    let program = Program::start("two_probes,depends,shared");

    let (code, alive) = program.get("/live");
    assert_eq!((code, &alive["degraded"]), (200, &json!(true)), "{alive}");
    assert_eq!(
        alive["checks"]["two_probes"],
        json!({ "healthy": false, "critical": false, "error": "Timeout after 100ms" })
    );

    let (_, first) = program.get("/ready");
    let checks = &first["checks"];
    assert_eq!(checks["two_probes"]["healthy"], true, "{first}");
    assert_eq!(checks["shared"]["healthy"], true, "{first}");
    assert_eq!(checks["network"]["error"], "no route", "{first}");
    assert_eq!(checks["api"]["error"], "no answer", "{first}");
    assert_eq!(checks["api"]["caused_by"], "network", "{first}");

    let (_, second) = program.get("/ready");
    let checks = &second["checks"];
    assert_eq!(checks["shared"]["healthy"], false, "{second}");
    assert_eq!(checks["shared"]["shared"], true, "{second}");
    let skipped = "skipped, because `network` is unhealthy";
    assert_eq!(checks["api"]["error"], skipped, "{second}");
    assert_eq!(checks["api"]["caused_by"], "network", "{second}");
}
