//! Runs the real program in each dialect.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// The program, ended when dropped.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(dialect: &str) -> Self {
        let mut child = program(dialect).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.to_owned(),
            child,
        }
    }

    /// The status code and the whole answer.
    fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    fn switch(&self, check: &str, position: &str) {
        let path = format!("/demo/{check}/{position}");
        assert_eq!(self.ask("POST", &path).0, 200);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(dialect: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dialects"));
    command
        .env("DIALECT", dialect)
        .env("PORT", "0")
        .stderr(Stdio::null());
    command
}

/// Each dialect with its paths for liveness, readiness and startup, and how its body says that
/// `second` fails.
const DIALECTS: [(&str, [&str; 3], &str); 7] = [
    (
        "default",
        ["/health", "/health/ready", "/health/started"],
        r#""second":{"healthy":false,"latency_ms""#,
    ),
    (
        "components",
        ["/live", "/ready", "/started"],
        r#""reason":"second: switched to unhealthy""#,
    ),
    (
        "kubernetes",
        ["/livez", "/readyz", "/startupz"],
        "\n[-]second failed: reason withheld\n",
    ),
    (
        "microprofile",
        ["/health/live", "/health/ready", "/health/started"],
        r#"{"name":"second","status":"DOWN""#,
    ),
    (
        "spring",
        [
            "/actuator/health/liveness",
            "/actuator/health/readiness",
            "/actuator/health/startup",
        ],
        r#""second":{"status":"DOWN""#,
    ),
    (
        "aspnet",
        ["/health/live", "/health/ready", "/health/started"],
        r#""status":"Unhealthy""#,
    ),
    (
        "ietf",
        ["/health/live", "/health/ready", "/health/started"],
        r#""second:responseTime":[{"#,
    ),
];

#[test]
fn each_dialect_tells_of_the_checks_as_they_are_switched() {
    for (dialect, [live, ready, started], failing) in DIALECTS {
        let program = Program::start(dialect);
        for path in [live, ready, started] {
            assert_eq!(program.ask("GET", path).0, 200, "{dialect} {path}");
        }
        program.switch("second", "degraded");
        assert_eq!(program.ask("GET", ready).0, 200, "{dialect}, degraded");
        program.switch("second", "unhealthy");
        let (code, answer) = program.ask("GET", ready);
        assert_eq!(code, 503, "{dialect}: {answer}");
        assert!(answer.contains(failing), "{dialect}: {answer}");
        for path in [live, started] {
            assert_eq!(program.ask("GET", path).0, 200, "{dialect} {path}");
        }
        program.switch("second", "healthy");
        assert_eq!(program.ask("GET", ready).0, 200, "{dialect}, healthy again");
        assert_eq!(program.ask("POST", "/demo/fourth/healthy").0, 404);
    }
}

#[test]
fn a_dialect_that_is_not_known_is_told_with_those_that_are() {
    let output = program("klingon").stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("there is no dialect `klingon`; there are: default, "),
        "{text}"
    );
}
