//! The environment belongs to the whole process, so what depends on it happens in a child.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use health_actix::{HealthService, load_config, load_config_from_env};

use crate::golden::mask_latencies;
use crate::support::{fine, get, health, request, serve};

/// A file with a name of its own, for as long as the test runs.
struct Temporary(PathBuf);

impl Temporary {
    fn new(text: impl AsRef<[u8]>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("health-config-{}-{next}.toml", std::process::id());
        let path = env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>) -> String {
    let file = Temporary::new(text);
    let error = load_config(file.path()).unwrap_err().to_string();
    let error = error.strip_prefix("1 mistake in the health checks:\n  - ");
    error.unwrap().replace(file.path(), "FILE")
}

#[test]
fn what_cannot_be_read_is_a_mistake_with_its_place() {
    for (text, expected) in [
        (
            "[checks.database]\ntimeout_ms = = hunter2\n",
            "FILE:2:14: this is no TOML: extra `=`, expected nothing",
        ),
        (
            "[checks.a]\ntimeout_ms = 1\ntimeout_ms = 2\n",
            "FILE:3:1: this is no TOML: duplicate key",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert_eq!(
        refused(b"a = '\xff'"),
        "FILE: this file cannot be read: stream did not contain valid UTF-8"
    );
    assert_eq!(
        refused("#".repeat(1024 * 1024 + 1)),
        "FILE: this file cannot be read: it is longer than 1 MiB"
    );
}

#[test]
fn the_file_that_is_given_has_to_be_there_under_that_very_name() {
    let file = Temporary::new("");
    assert!(load_config(file.path()).unwrap().is_empty());
    for missing in [file.path().trim_end_matches(".toml"), "", "/"] {
        let error = load_config(missing).unwrap_err().to_string();
        assert!(error.contains("this file cannot be read"), "{error}");
    }
}

/// What the child says of the configuration that these variables make.
fn said(file: Option<&str>, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "config::child", "--ignored", "--nocapture"])
        .env_remove("HEALTH_CONFIG")
        .envs(variables.iter().copied())
        .stderr(Stdio::null());
    if let Some(file) = file {
        command.env("HEALTH_CONFIG", file);
    }
    let output = command.output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let (_, said) = output.split_once("<<").unwrap();
    said.split_once(">>").unwrap().0.to_owned()
}

#[test]
#[ignore = "what other tests run, with an environment of its own"]
fn child() {
    let said = match load_config_from_env() {
        Ok(config) => format!("empty: {}, {config:?}", config.is_empty()),
        Err(error) => error.to_string(),
    };
    write!(io::stdout(), "<<{said}>>").unwrap();
}

#[test]
fn the_environment_names_the_file_and_says_more() {
    let file = Temporary::new("[checks.database]\ntimeout_ms = 5\n");
    let path = file.path();
    let said_by = |variables| said(Some(path), variables);
    let none = "HealthConfig { source: None, sections: 0, variables";
    assert_eq!(said(None, &[]), format!("empty: true, {none}: 0, .. }}"));
    assert_eq!(said(Some(""), &[]), said(None, &[]));
    assert_eq!(
        said(None, &[("HEALTH__CHECKS__A__ENABLED", "false")]),
        format!("empty: false, {none}: 1, .. }}")
    );
    let some =
        format!("empty: false, HealthConfig {{ source: Some({path:?}), sections: 1, variables");
    assert_eq!(said_by(&[]), format!("{some}: 0, .. }}"));
    assert_eq!(
        said_by(&[
            ("HEALTH__CHECKS__A__ENABLED", "hunter2"),
            ("Health__Checks__A__Name", "b"),
            ("HEALTH_PORT", "tcp://10.0.0.1:80"),
        ]),
        format!("{some}: 2, .. }}")
    );
}

#[test]
fn a_file_that_the_environment_names_has_to_be_there() {
    assert_eq!(
        said(
            Some("/nowhere/health.toml"),
            &[("HEALTH__CHECKS__A__ENABLED", "false")]
        ),
        "1 mistake in the health checks:\n  - /nowhere/health.toml: this file cannot be read: No \
         such file or directory (os error 2)"
    );
}

#[actix_web::test]
async fn a_file_is_applied_to_a_running_server_whole_or_not_at_all() {
    let health = health([fine("cache"), fine("database")]);
    let mounted = health.clone();
    let address = serve(move || HealthService::new(&mounted));
    let asked = async |path| {
        let answer = mask_latencies(&request(address, "GET", path).await);
        let (head, body) = answer.split_once("\n\n").unwrap();
        (head[9..12].to_owned(), body.to_owned())
    };
    let both = r#"{"status":"ready","checks":{"cache":{"healthy":true,"latency_ms":0.0},"database":{"healthy":true,"latency_ms":0.0}}}"#;
    assert_eq!(
        asked("/health/ready").await,
        ("200".to_owned(), both.to_owned())
    );
    let document = get(address, "/health/openapi.json").await;

    let bad = "[checks.cache]\nname = \"hot\"\n[checks.databse]\nenabled = false\n";
    let file = Temporary::new(bad);
    let error = health
        .apply(&load_config(file.path()).unwrap())
        .unwrap_err();
    let expected = format!(
        "1 mistake in the health checks:\n  - `checks.databse` in {}: there is no check \
         `databse`; did you mean `database`?",
        file.path()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(
        asked("/health/ready").await,
        ("200".to_owned(), both.to_owned())
    );
    assert_eq!(get(address, "/health/openapi.json").await, document);

    let file = Temporary::new(bad.replace("databse", "database"));
    health.apply(&load_config(file.path()).unwrap()).unwrap();
    let changed = r#"{"status":"ready","checks":{"database":{"healthy":true,"message":"disabled"},"hot":{"healthy":true,"latency_ms":0.0}}}"#;
    assert_eq!(
        asked("/health/ready").await,
        ("200".to_owned(), changed.to_owned())
    );
    assert_eq!(get(address, "/health/checks/cache").await.0, 404);
    assert_ne!(get(address, "/health/openapi.json").await, document);
}
