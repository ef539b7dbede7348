//! Runs the real service the way a visitor does.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// Nothing that is waited for here takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_service_starts_and_keeps_notes() -> Result {
    let directory = Directory::new()?;
    let service = Service::start(directory.path())?;

    service.wait_for("/health/ready", 200)?;
    let (_, ready) = service.get("/health/ready")?;
    assert_eq!(ready["status"], "ready");
    let checks = ready["checks"]
        .as_object()
        .ok_or("readiness lists its checks")?;
    for name in ["database", "disk", "notes_backlog"] {
        assert_eq!(checks[name]["healthy"], true, "{name}: {ready}");
    }
    assert_eq!(
        checks.len(),
        3,
        "a startup check that has passed is not listed: {ready}"
    );
    assert_eq!(
        service.get("/health/started")?,
        (200, json!({ "status": "started" }))
    );

    let (code, note) = service.post("/notes", r#"{"text": " buy milk "}"#)?;
    assert_eq!((code, &note["text"]), (201, &json!("buy milk")));
    service.post("/notes", r#"{"text": "drink it"}"#)?;
    let (code, notes) = service.get("/notes")?;
    assert_eq!(code, 200);
    let texts: Vec<_> = notes
        .as_array()
        .into_iter()
        .flatten()
        .map(|n| &n["text"])
        .collect();
    assert_eq!(texts, ["drink it", "buy milk"]);

    let path = format!("/notes/{}", note["id"]);
    assert_eq!(service.delete(&path)?.0, 204);
    assert_eq!(service.delete(&path)?.0, 404);
    assert_eq!(service.get("/notes")?.1.as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn nothing_is_ready_before_the_migration() -> Result {
    // The migration fails for as long as there is no directory for the database.
    let directory = Directory::new()?;
    let missing = directory.path().join("not/there/yet");
    let service = Service::start(&missing)?;

    let not_ready = service.wait_for("/health/ready", 503)?;
    assert_eq!(not_ready["status"], "not_ready");
    assert_eq!(
        not_ready["checks"]["schema"]["healthy"], false,
        "{not_ready}"
    );
    let (code, starting) = service.get("/health/started")?;
    assert_eq!((code, &starting["status"]), (503, &json!("starting")));
    assert_eq!(service.get("/health")?, (200, json!({ "status": "alive" })));
    let (code, problem) = service.get("/notes")?;
    assert_eq!(code, 503);
    assert!(problem["error"].is_string(), "{problem}");

    fs::create_dir_all(&missing)?;
    assert_eq!(service.wait_for("/health/ready", 200)?["status"], "ready");
    assert_eq!(service.get("/health/started")?.1["status"], "started");
    assert_eq!(service.get("/notes")?, (200, json!([])));
    Ok(())
}

#[test]
fn liveness_is_as_plain_as_can_be() -> Result {
    let directory = Directory::new()?;
    let service = Service::start(directory.path())?;
    for path in ["/health", "/health/live"] {
        let answer = service.ask("GET", path, "")?;
        assert_eq!(answer, (200, r#"{"status":"alive"}"#.to_owned()), "{path}");
    }
    Ok(())
}

#[test]
fn what_is_no_note_is_told_what_to_send() -> Result {
    let directory = Directory::new()?;
    let service = Service::start(directory.path())?;
    service.wait_for("/health/started", 200)?;

    for (body, says) in [
        ("{\"text\": ", "application/json"),
        ("{\"txet\": \"x\"}", "`text`"),
        (r#"{"text": "  "}"#, "the text is empty; send one"),
    ] {
        let (code, problem) = service.post("/notes", body)?;
        assert_eq!(code, 400, "{body}: {problem}");
        let text = problem["error"].as_str().unwrap_or_default();
        assert!(text.contains(says), "{body}: {text}");
    }
    let long = json!({ "text": "x".repeat(20_000) }).to_string();
    assert_eq!(service.post("/notes", &long)?.0, 413);
    assert_eq!(service.get("/notes")?.1, json!([]));
    Ok(())
}

#[test]
fn notes_survive_a_restart() -> Result {
    let directory = Directory::new()?;
    let mut service = Service::start(directory.path())?;
    service.wait_for("/health/ready", 200)?;
    service.post("/notes", r#"{"text": "still here"}"#)?;
    service.signal("TERM")?;

    let service = Service::start(directory.path())?;
    service.wait_for("/health/ready", 200)?;
    assert_eq!(service.get("/notes")?.1[0]["text"], "still here");
    Ok(())
}

#[test]
fn signals_end_it_cleanly() -> Result {
    for signal in ["TERM", "INT"] {
        let directory = Directory::new()?;
        let mut service = Service::start(directory.path())?;
        service.wait_for("/health/ready", 200)?;
        assert_eq!(service.signal(signal)?.code(), Some(0), "SIG{signal}");
    }
    Ok(())
}

#[test]
fn a_signal_during_the_migration_ends_it_cleanly() -> Result {
    let directory = Directory::new()?;
    let mut service = Service::start(&directory.path().join("missing"))?;
    service.wait_for("/health/ready", 503)?;
    assert_eq!(service.signal("TERM")?.code(), Some(0));
    Ok(())
}

#[test]
fn a_bad_port_is_named_with_what_is_expected() -> Result {
    for bad in ["http", "65536", "-1", ""] {
        let output = quickstart(Path::new("")).env("PORT", bad).output()?;
        assert_eq!(output.status.code(), Some(1), "PORT={bad}");
        let text = String::from_utf8(output.stderr)?;
        let expected = format!("PORT is {bad:?}, but must be a number from 0 to 65535");
        assert!(text.contains(&expected), "{text}");
        assert!(output.stdout.is_empty(), "nothing is to be tried");
    }
    Ok(())
}

#[test]
fn a_port_in_use_is_named() -> Result {
    let directory = Directory::new()?;
    let service = Service::start(directory.path())?;
    let port = service.address.rsplit(':').next().unwrap_or_default();
    let output = quickstart(directory.path()).env("PORT", port).output()?;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr)?;
    assert!(
        text.contains(&format!("cannot listen on {}", service.address)),
        "{text}"
    );
    assert!(output.stdout.is_empty(), "nothing is to be tried");
    Ok(())
}

/// The program, with its database in a directory.
fn quickstart(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .env("DATABASE_FILE", directory.join("quickstart.sqlite"))
        .env("PORT", "0")
        .env_remove("HOST")
        .env_remove("RUST_LOG");
    command
}

/// A running service. Killed when it is dropped; a failed test then tells its log.
struct Service {
    child: Child,
    address: String,
    log: mpsc::Receiver<String>,
}

impl Service {
    fn start(directory: &Path) -> Result<Self> {
        let mut command = quickstart(directory);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdout = lines(child.stdout.take().ok_or("stdout is piped")?);
        let log = lines(child.stderr.take().ok_or("stderr is piped")?);
        let mut service = Self {
            child,
            address: String::new(),
            log,
        };
        service.address = printed_address(&stdout)?;
        Ok(service)
    }

    fn get(&self, path: &str) -> Result<(u16, Value)> {
        self.json("GET", path, "")
    }

    fn post(&self, path: &str, body: &str) -> Result<(u16, Value)> {
        self.json("POST", path, body)
    }

    fn delete(&self, path: &str) -> Result<(u16, Value)> {
        self.json("DELETE", path, "")
    }

    /// Sends a request; an empty body is null.
    fn json(&self, method: &str, path: &str, body: &str) -> Result<(u16, Value)> {
        let (code, body) = self.ask(method, path, body)?;
        if body.is_empty() {
            return Ok((code, Value::Null));
        }
        let json = serde_json::from_str(&body).map_err(|e| format!("{e}: {path}: {body}"))?;
        Ok((code, json))
    }

    /// Sends a request on a connection of its own: the answer ends where the connection does.
    fn ask(&self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .ok_or("an answer has a head")?;
        let code = head.split(' ').nth(1).ok_or("a head has a code")?;
        Ok((code.parse()?, body.to_owned()))
    }

    /// Asks until the code is the expected one.
    fn wait_for(&self, path: &str, code: u16) -> Result<Value> {
        poll(|| {
            let (answered, body) = self.get(path)?;
            Ok((answered == code).then_some(body))
        })
    }

    /// Sends a signal and waits for the end.
    fn signal(&mut self, signal: &str) -> Result<ExitStatus> {
        let id = self.child.id().to_string();
        let kill = Command::new("kill")
            .args([&format!("-{signal}"), &id])
            .status()?;
        assert!(kill.success(), "kill -{signal} {id}");
        poll(|| Ok(self.child.try_wait()?))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Fails if it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            for line in &self.log {
                let _ = writeln!(io::stderr(), "quickstart: {line}");
            }
        }
    }
}

/// The address in the first URL that is printed.
fn printed_address(stdout: &mpsc::Receiver<String>) -> Result<String> {
    loop {
        let line = stdout
            .recv_timeout(PATIENCE)
            .map_err(|e| format!("no URL was printed: {e}"))?;
        if let Some((_, url)) = line.split_once("http://") {
            let (address, _) = url.split_once('/').ok_or("a URL has a path")?;
            return Ok(address.to_owned());
        }
    }
}

/// The lines of a stream; it is read to its end, so that nobody is blocked by a full pipe.
fn lines(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(io::Result::ok) {
            // The receiver may be gone.
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Tries until there is something.
fn poll<T>(mut attempt: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(found) = attempt()? {
            return Ok(found);
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it did not happen in {PATIENCE:?}")
}

/// A directory of its own for a test. Removed when it is dropped.
struct Directory(PathBuf);

impl Directory {
    fn new() -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("quickstart-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
