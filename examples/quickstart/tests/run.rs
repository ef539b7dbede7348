//! Runs the real service the way a visitor does.

#[path = "run/command.rs"]
mod command;
#[path = "run/operations.rs"]
mod operations;

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
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

/// A delay, in milliseconds, that does not end before patience does.
const FOR_EVER: &str = "600000";

/// The file of the database, in the directory of a test.
const DATABASE: &str = "quickstart.sqlite";

/// What fits into a pipe that nobody reads, in bytes.
const PIPE: usize = 64 << 10;

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
fn signals_end_it_cleanly_and_at_once_without_a_delay() -> Result {
    for signal in ["TERM", "INT"] {
        let directory = Directory::new()?;
        let mut service = Service::start(directory.path())?;
        service.wait_for("/health/ready", 200)?;
        assert_eq!(service.signal(signal)?.code(), Some(0), "SIG{signal}");
        service.wait_for_log("asked to stop: the server does in 0.0 s")?;
    }
    Ok(())
}

#[test]
fn it_drains_for_two_seconds() -> Result {
    for signal in ["TERM", "INT"] {
        let directory = Directory::new()?;
        let mut service = Service::run(quickstart(directory.path()).env_remove("DRAIN_MS"))?;
        service.wait_for("/health/ready", 200)?;
        let start = Instant::now();
        service.kill(signal)?;
        let draining = service.wait_for("/health/ready", 503)?;
        assert_eq!(draining, json!({ "status": "draining" }), "SIG{signal}");
        assert_eq!(service.wait_for_end()?.code(), Some(0), "SIG{signal}");
        assert!(start.elapsed() >= Duration::from_secs(2), "SIG{signal}");
    }
    Ok(())
}

#[test]
fn while_it_drains_it_serves_and_closes_what_is_kept_alive() -> Result {
    let directory = Directory::new()?;
    let mut service = Service::run(quickstart(directory.path()).env("DRAIN_MS", FOR_EVER))?;
    service.wait_for("/health/ready", 200)?;
    let mut kept = Vec::new();
    for path in ["/health/ready", "/health/live", "/notes"] {
        let mut connection = service.connect()?;
        for _ in 0..2 {
            let answer = connection.get(path)?;
            assert_eq!((answer.code, answer.closes), (200, false), "{path}");
        }
        kept.push((path, connection));
    }
    let in_flight = InFlight::begin(service.connect()?)?;

    service.kill("TERM")?;
    let draining = json!({ "status": "draining" });
    assert_eq!(service.wait_for("/health/ready", 503)?, draining);
    assert_eq!(service.get("/health")?, (200, json!({ "status": "alive" })));
    assert_eq!(service.get("/health/started")?.0, 200);
    assert_eq!(service.post("/notes", r#"{"text": "late"}"#)?.0, 201);
    for (path, mut connection) in kept {
        let answer = connection.get(path)?;
        let code = if path == "/health/ready" { 503 } else { 200 };
        assert_eq!((answer.code, answer.closes), (code, true), "{path}");
        assert!(connection.is_at_its_end()?, "{path}");
    }

    // The second one ends the delay; the listener closes, and what is in flight is finished.
    service.kill("INT")?;
    poll(|| Ok(service.connect().is_err().then_some(())))?;
    assert_eq!(service.child.try_wait()?, None, "a request is in flight");
    assert_eq!(in_flight.finish()?.code, 201);
    assert_eq!(service.wait_for_end()?.code(), Some(0));
    service.wait_for_log("asked again: the server stops now")
}

#[test]
fn what_is_in_flight_outlives_the_delay() -> Result {
    let directory = Directory::new()?;
    let mut service = Service::run(quickstart(directory.path()).env("DRAIN_MS", "100"))?;
    service.wait_for("/health/ready", 200)?;
    let in_flight = InFlight::begin(service.connect()?)?;
    service.kill("TERM")?;
    poll(|| Ok(service.connect().is_err().then_some(())))?;
    assert_eq!(in_flight.finish()?.code, 201);
    assert_eq!(service.wait_for_end()?.code(), Some(0));
    Ok(())
}

#[test]
fn sigusr1_drains_and_its_time_counts() -> Result {
    let directory = Directory::new()?;
    let delay = Duration::from_millis(1000);
    let mut service = Service::run(quickstart(directory.path()).env("DRAIN_MS", "1000"))?;
    service.wait_for("/health/ready", 200)?;
    service.kill("USR1")?;
    service.wait_for("/health/ready", 503)?;

    // For longer than the delay, as nothing is to stop.
    let start = Instant::now();
    poll(|| {
        service.kill("USR1")?;
        let (code, body) = service.get("/health/ready")?;
        assert_eq!((code, &body["status"]), (503, &json!("draining")));
        Ok((start.elapsed() > delay).then_some(()))
    })?;
    assert_eq!(service.get("/notes")?.0, 200);
    assert_eq!(service.signal("TERM")?.code(), Some(0));
    service.wait_for_log("asked to stop: the server does in 0.0 s")
}

/// A start is held up by a pipe that nobody reads, so that the URLs cannot be printed.
#[test]
fn a_signal_during_the_start_is_not_lost() -> Result {
    let directory = Directory::new()?;
    let (mut reader, mut stdout) = io::pipe()?;
    stdout.write_all(&[b'\n'; PIPE])?;
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let mut command = quickstart(directory.path());
    command
        .env("PORT", address.port().to_string())
        .env("DRAIN_MS", FOR_EVER)
        .stdout(stdout);
    let mut service = Service::spawn(&mut command)?;
    // The command would keep a writing end of the pipe open.
    drop(command);
    service.address = address.to_string();
    poll(|| Ok(service.connect().ok()))?;

    service.kill("TERM")?;
    thread::spawn(move || io::copy(&mut reader, &mut io::sink()));
    let draining = service.wait_for("/health/ready", 503)?;
    assert_eq!(draining, json!({ "status": "draining" }));
    assert_eq!(service.signal("TERM")?.code(), Some(0));
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
    of(Path::new(env!("CARGO_BIN_EXE_quickstart")), directory)
}

fn of(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("DATABASE_FILE", directory.join(DATABASE))
        .env("PORT", "0")
        .env("DRAIN_MS", "0")
        .env_remove("HOST")
        .env_remove("RUST_LOG")
        .env_remove("NOTIFY_SOCKET")
        .env_remove("HEALTH_PROBE_HEADER")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE");
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
        Self::run(&mut quickstart(directory))
    }

    /// Returns when it listens.
    fn run(command: &mut Command) -> Result<Self> {
        let mut service = Self::spawn(command.stdout(Stdio::piped()))?;
        let stdout = service.child.stdout.take().ok_or("stdout is piped")?;
        service.address = printed_address(&lines(stdout))?;
        Ok(service)
    }

    /// Returns at once; where it listens is not known.
    fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let log = lines(child.stderr.take().ok_or("stderr is piped")?);
        let address = String::new();
        Ok(Self {
            child,
            address,
            log,
        })
    }

    fn connect(&self) -> Result<Connection> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection(BufReader::new(stream)))
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
        self.kill(signal)?;
        self.wait_for_end()
    }

    /// Sends a signal.
    fn kill(&self, signal: &str) -> Result {
        let id = self.child.id().to_string();
        let kill = Command::new("kill")
            .args([&format!("-{signal}"), &id])
            .status()?;
        assert!(kill.success(), "kill -{signal} {id}");
        Ok(())
    }

    fn wait_for_end(&mut self) -> Result<ExitStatus> {
        poll(|| Ok(self.child.try_wait()?))
    }

    /// Reads the log until a line says this.
    fn wait_for_log(&self, text: &str) -> Result {
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.map_err(|e| format!("the log does not say {text:?}: {e}"))?;
            if line.contains(text) {
                return Ok(());
            }
        }
    }
}

/// A connection that is kept alive.
struct Connection(BufReader<TcpStream>);

struct Answer {
    code: u16,
    /// Whether it says that the connection ends here.
    closes: bool,
}

impl Connection {
    fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))?;
        self.answer()
    }

    fn send(&mut self, text: &str) -> Result {
        Ok(self.0.get_mut().write_all(text.as_bytes())?)
    }

    /// Reads an answer with its body, and not a byte more.
    fn answer(&mut self) -> Result<Answer> {
        let head = self.head()?;
        let code = head.split(' ').nth(1).ok_or("a head has a code")?.parse()?;
        let length = head
            .lines()
            .find_map(|l| l.strip_prefix("content-length: "));
        let length = length.map_or(Ok(0), str::parse)?;
        self.0.read_exact(&mut vec![0; length])?;
        let closes = head.contains("connection: close\r\n");
        Ok(Answer { code, closes })
    }

    fn head(&mut self) -> Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(format!("the connection ended after {head:?}").into());
            }
        }
        Ok(head)
    }

    fn is_at_its_end(&mut self) -> Result<bool> {
        Ok(self.0.read(&mut [0])? == 0)
    }
}

/// A request that is being handled for as long as its body is not there.
struct InFlight(Connection);

impl InFlight {
    const BODY: &str = r#"{"text": "in flight"}"#;

    /// Returns when it is being handled.
    fn begin(mut connection: Connection) -> Result<Self> {
        connection.send(&format!(
            "POST /notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nexpect: 100-continue\r\n\r\n",
            Self::BODY.len()
        ))?;
        let proceed = connection.head()?;
        assert!(proceed.starts_with("HTTP/1.1 100 "), "{proceed}");
        Ok(Self(connection))
    }

    fn finish(mut self) -> Result<Answer> {
        self.0.send(Self::BODY)?;
        self.0.answer()
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
