//! Runs the real program and holds it to what the framework promises.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The program, its log in a file, ended when dropped.
struct Program {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Program {
    fn start() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = std::env::temp_dir().join(format!("misbehaving-{port}.log"));
        let file = File::create(&log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_misbehaving"))
            .env("PORT", port.to_string())
            .stdout(Stdio::from(file.try_clone().unwrap()))
            .stderr(Stdio::from(file))
            .spawn()
            .unwrap();
        let program = Self { child, port, log };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "it never listened"
            );
            thread::sleep(Duration::from_millis(5));
        }
        program
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

struct Answer {
    code: u16,
    text: String,
    took: Duration,
}

impl Answer {
    fn json(&self) -> Value {
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

fn get(port: u16, path: &str) -> Answer {
    let start = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let took = start.elapsed();
    let code = text.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { code, text, took }
}

/// What every answer must be, whatever the other checks do.
fn assert_kept(answer: &Answer) {
    assert_eq!(answer.code, 503);
    assert!(
        answer.took < Duration::from_millis(600),
        "it took {:?}",
        answer.took
    );
    let body = answer.json();
    let checks = &body["checks"];
    assert_eq!(checks["fine"]["healthy"], true, "{body}");
    for failing in ["hang", "block", "panic", "sync_slow", "error"] {
        assert_eq!(checks[failing]["healthy"], false, "{failing}: {body}");
    }
    assert_eq!(checks["error"]["error"], "check failed");
    assert_eq!(checks["panic"]["error"], "check failed");
    assert!(!answer.text.contains("hunter2"));
}

#[test]
fn promises_are_kept_while_checks_misbehave() {
    let program = Program::start();
    let port = program.port;
    assert_eq!(get(port, "/demo/runs").json()["hang"], 0);
    let stop = Arc::new(AtomicBool::new(false));
    let queries = {
        let stop = Arc::clone(&stop);
        thread::spawn(move || query_until(&stop, port))
    };

    for _ in 0..10 {
        assert_kept(&get(port, "/health/ready"));
    }
    let threads: Vec<_> = (0..200)
        .map(|_| thread::spawn(move || get(port, "/health/ready")))
        .collect();
    for thread in threads {
        assert_kept(&thread.join().unwrap());
    }

    stop.store(true, Ordering::SeqCst);
    let mut took = queries.join().unwrap();
    took.sort_unstable();
    let median = took[took.len() / 2];
    assert!(
        median < Duration::from_millis(50),
        "a query took {median:?}"
    );

    // Those that cannot be cancelled were started once, for they never ended.
    let runs = get(port, "/demo/runs").json();
    assert_eq!(
        (&runs["block"], &runs["sync_slow"]),
        (&json!(1), &json!(1)),
        "{runs}"
    );
    // A run for each of the ten in turn, and few for the two hundred at once.
    let hung = runs["hang"].as_u64().unwrap();
    assert!((10..=14).contains(&hung), "{runs}");

    assert_eq!(
        get(port, "/demo/overlaps").json(),
        json!(0),
        "twice at once"
    );

    for path in ["/health", "/health/live", "/health/started"] {
        assert_eq!(get(port, path).code, 200);
    }
    for check in ["fine", "hang", "block", "panic", "sync_slow", "error"] {
        let answer = get(port, &format!("/health/checks/{check}"));
        assert_eq!(answer.code == 200, check == "fine");
        assert!(!answer.text.contains("hunter2"));
    }
    let log = fs::read_to_string(&program.log).unwrap();
    assert!(
        log.contains("postgres://orders:***@db.internal:5432/orders"),
        "{log}"
    );
    assert!(
        log.contains("no answer from redis://:***@cache.internal"),
        "{log}"
    );
    assert!(!log.contains("hunter2"));
    assert_eq!(log.matches("panicked at").count(), 1, "told once: {log}");
}

/// Queries the database through the application, over and over.
fn query_until(stop: &AtomicBool, port: u16) -> Vec<Duration> {
    let mut took = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let answer = get(port, "/demo/query");
        assert_eq!((answer.code, answer.json()), (200, json!({"answer": 42})));
        took.push(answer.took);
        thread::sleep(Duration::from_millis(5));
    }
    took
}
