//! Runs the real program: what its checks say, before and after the model is loaded.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

/// The program, ended when dropped.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(asked: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ready-made"))
            .env("PORT", "0")
            .env("ASK", asked)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on http://").unwrap();
        let address = address.split_once(": ").unwrap().0.to_owned();
        Self { child, address }
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        (code, serde_json::from_str(body).unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn it_is_ready_once_its_model_is_loaded() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let asked = listener.local_addr().unwrap();
    let program = Program::start(&asked.to_string());
    let (code, body) = program.get("/health/ready");
    assert_eq!((code, &body["status"]), (503, &Value::from("not_ready")));
    let checks = &body["checks"];
    let loading = checks["embedding_model"]["error"].as_str().unwrap();
    assert!(
        loading.starts_with("Embedding model is loading: "),
        "{loading}"
    );
    for name in ["asked", "descriptors", "orders", "place_order"] {
        assert_eq!(checks[name]["healthy"], true, "{name}: {checks}");
    }
    for _ in 0..200 {
        let (code, body) = program.get("/health/checks/embedding_model");
        if code == 200 {
            assert_eq!(body["data"]["loaded"], true, "{body}");
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("the model is still not loaded");
}
