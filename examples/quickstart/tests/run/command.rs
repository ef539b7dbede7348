//! The command `health` of the program.

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection};

use super::*;

#[test]
fn it_lists_the_checks() -> Result {
    let directory = Directory::new()?;
    let listed = health(directory.path(), &["list"])?;
    let lines = line_numbers(&listed.stdout);
    let expected = "\
CHECK          PROBES     CRITICAL  TIMEOUT  INTERVAL  CACHE
database       readiness  yes       500ms    -         1s
    The database answers a query.
    tags: db
    examples/quickstart/src/checks.rs:N
disk           readiness  yes       800ms    -         1s
    The disk of the database has room: fails below 50 MiB, degraded below 200 MiB.
    tags: disk
    examples/quickstart/src/checks.rs:N
notes_backlog  readiness  no        800ms    -         1s
    At most 1000 notes wait. More are served all the same, but somebody should deal with them.
    tags: db
    examples/quickstart/src/checks.rs:N
schema         startup    yes       800ms    -         0s
    The schema of the database is migrated. Until then the log says what goes wrong.
    tags: db
    examples/quickstart/src/checks.rs:N
";
    assert_eq!((listed.code, &*lines, &*listed.stderr), (0, expected, ""));
    let listed = health(directory.path(), &["list", "--json"])?;
    let json: Value = serde_json::from_str(&listed.stdout)?;
    assert_eq!(json["checks"][0]["timeout_ms"], json!({ "readiness": 500 }));
    assert_eq!(json["closed_startup_gates"], json!([]));
    assert_eq!(directory.path().read_dir()?.count(), 0, "nothing was run");
    Ok(())
}

/// Written anew with `BLESS=1`.
#[test]
fn its_compose_file_is_what_it_prints() -> Result {
    let directory = Directory::new()?;
    let app = ["--name", "quickstart", "--image", "localhost/quickstart"];
    let run = ["--command", "/quickstart", "--drain", "2s"];
    let printed = health(
        directory.path(),
        &[&["manifest", "compose"][..], &app, &run].concat(),
    )?;
    assert_eq!((printed.code, &*printed.stderr), (0, ""));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("compose.yaml");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &printed.stdout)?;
    }
    assert_eq!(printed.stdout, fs::read_to_string(file)?);
    let linted = health(
        directory.path(),
        &[
            "lint",
            "--drain",
            "2s",
            "--deny-warnings",
            concat!(env!("CARGO_MANIFEST_DIR"), "/compose.yaml"),
        ],
    )?;
    assert_eq!((linted.code, &*linted.stdout), (0, ""));
    Ok(())
}

#[test]
fn it_runs_the_checks() -> Result {
    let directory = Directory::new()?;
    // To make the file takes a busy disk longer than the checks may.
    make_database(directory.path())?;
    let ran = health(directory.path(), &["run"])?;
    assert_eq!(ran.code, 1, "nobody has migrated the schema: {ran:?}");
    let schema = "  the schema is not migrated yet\n4 checks: 3 healthy, 1 unhealthy\n";
    assert!(ran.stdout.ends_with(schema), "{ran:?}");

    let service = Service::start(directory.path())?;
    service.wait_for("/health/ready", 200)?;
    let ran = health(directory.path(), &["run"])?;
    let expected = "\
healthy    database       L
healthy    disk           L  F MiB free
healthy    notes_backlog  L
healthy    schema         L
4 checks: 4 healthy
";
    assert_eq!((ran.code, &*measured(&ran.stdout)), (0, expected));
    let ran = health(directory.path(), &["run", "--tag", "disk"])?;
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 2), "{ran:?}");
    let ran = health(directory.path(), &["run", "--json", "schema"])?;
    let json: Value = serde_json::from_str(&ran.stdout)?;
    assert_eq!((ran.code, &json["status"]), (0, &json!("healthy")));
    assert_eq!(json["checks"][0]["name"], "schema");

    let ran = health(directory.path(), &["run", "databse"])?;
    let known = "error: there is no check `databse`; there are: `database`, `disk`, `schema`, \
                 `notes_backlog`\n";
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (2, "", known));
    Ok(())
}

#[test]
fn it_tells_the_private_text() -> Result {
    let directory = Directory::new()?;
    let missing = directory.path().join("not/there");
    let ran = health(&missing, &["run", "database"])?;
    assert_eq!(ran.code, 1, "{ran:?}");
    let error = "           error: error returned from database: (code: 14) ";
    assert!(ran.stdout.contains(error), "{ran:?}");
    Ok(())
}

#[test]
fn it_is_colored_where_that_is_asked_for() -> Result {
    let directory = Directory::new()?;
    for (variables, colors) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let mut command = health_command(directory.path(), &["run", "disk"]);
        let ran = Ran::of(command.envs(variables.iter().copied()))?;
        assert_eq!(
            ran.stdout.contains("\x1b[32mhealthy"),
            colors,
            "{variables:?}: {ran:?}"
        );
    }
    Ok(())
}

#[test]
fn it_prints_the_document_that_is_served() -> Result {
    let directory = Directory::new()?;
    let printed = health(directory.path(), &["openapi"])?;
    assert_eq!(printed.code, 0, "{printed:?}");
    let service = Service::start(directory.path())?;
    let (_, served) = service.get("/health/openapi.json")?;
    let printed: Value = serde_json::from_str(&printed.stdout)?;
    assert_eq!(
        printed["paths"]["/health/ready"],
        served["paths"]["/health/ready"]
    );
    let yaml = health(directory.path(), &["openapi", "--yaml"])?;
    assert_eq!((yaml.code, &*yaml.stdout), (2, ""));
    assert!(
        yaml.stderr.contains("enable the feature `yaml`"),
        "{yaml:?}"
    );
    Ok(())
}

#[test]
fn it_asks_a_running_service() -> Result {
    let directory = Directory::new()?;
    let service = Service::start(directory.path())?;
    service.wait_for("/health/ready", 200)?;
    let address = service.address.clone();
    let port = address.rsplit(':').next().unwrap_or_default();
    let probe = |probe: &str| {
        let mut command = health_command(directory.path(), &["probe", "--probe", probe]);
        Ran::of(command.env("PORT", port))
    };
    let url = |path: &str| format!("health probe: http://{address}/health/{path}: ");
    let alive = probe("liveness")?;
    assert_eq!(alive.stdout, url("live") + "200 alive\n", "{alive:?}");
    assert_eq!(probe("readiness")?.stdout, url("ready") + "200 ready\n");
    assert_eq!(probe("startup")?.stdout, url("started") + "200 started\n");

    service.kill("USR1")?;
    service.wait_for("/health/ready", 503)?;
    let draining = probe("readiness")?;
    let expected = (1, String::new(), url("ready") + "503 draining\n");
    assert_eq!((draining.code, draining.stdout, draining.stderr), expected);
    assert_eq!(probe("liveness")?.code, 0);
    drop(service);
    let gone = probe("liveness")?;
    assert_eq!(gone.code, 1);
    assert!(gone.stderr.ends_with(": connection refused\n"), "{gone:?}");
    let wrong = health(directory.path(), &["probe", "--url", "https://127.0.0.1/"])?;
    assert_eq!(wrong.code, 1);
    assert!(wrong.stderr.contains("plain http alone"), "{wrong:?}");
    assert_eq!(health(directory.path(), &["probe", "--bogus"])?.code, 1);
    assert_eq!(health(directory.path(), &["run", "--bogus"])?.code, 2);
    Ok(())
}

/// A copy of the program, of which no other test runs processes.
#[test]
#[cfg(target_os = "linux")]
fn it_tells_the_service_to_drain() -> Result {
    let directory = Directory::new()?;
    let copy = directory.path().join("quickstart");
    fs::copy(env!("CARGO_BIN_EXE_quickstart"), &copy)?;
    let drain = |arguments: &[&str]| {
        let mut command = of(&copy, directory.path());
        Ran::of(command.args(["health", "drain"]).args(arguments))
    };
    let none = drain(&[])?;
    let says = "error: no other process runs this program; give --pid\n";
    assert_eq!((none.code, &*none.stderr), (1, says));

    let mut service = Service::run(&mut of(&copy, directory.path()))?;
    service.wait_for("/health/ready", 200)?;
    let told = drain(&["--wait", "30ms"])?;
    let pid = service.child.id();
    let says = format!("process {pid} was told to drain\nwaited for 30ms\n");
    assert_eq!((told.code, &*told.stdout, &*told.stderr), (0, &*says, ""));
    assert_eq!(
        service.wait_for("/health/ready", 503)?["status"],
        "draining"
    );
    assert_eq!(service.child.try_wait()?, None, "nothing is stopped");

    let other = Service::run(&mut of(&copy, directory.path()))?;
    let several = drain(&[])?;
    let (first, second) = (pid.min(other.child.id()), pid.max(other.child.id()));
    let says =
        format!("error: several processes run this program: {first}, {second}; give --pid\n");
    assert_eq!((several.code, &*several.stderr), (1, &*says));
    let told = drain(&["--pid", &other.child.id().to_string()])?;
    assert_eq!(told.code, 0, "{told:?}");
    other.wait_for("/health/ready", 503)?;

    // It would be ended by the signal.
    let mut sleep = Command::new("sleep").arg("600").spawn()?;
    let refused = drain(&["--pid", &sleep.id().to_string()])?;
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("does not handle SIGUSR1"),
        "{refused:?}"
    );
    assert_eq!(sleep.try_wait()?, None, "it was left alone");
    sleep.kill()?;
    sleep.wait()?;
    assert_eq!(drain(&["--pid", "0"])?.code, 2);
    Ok(())
}

#[test]
fn it_does_not_mind_that_nobody_reads_on() -> Result {
    let directory = Directory::new()?;
    for arguments in [["openapi"], ["list"]] {
        let (reader, writer) = io::pipe()?;
        drop(reader);
        let mut command = health_command(directory.path(), &arguments);
        let mut child = command.stdout(writer).stderr(Stdio::piped()).spawn()?;
        let mut text = String::new();
        let mut stderr = child.stderr.take().ok_or("stderr is piped")?;
        stderr.read_to_string(&mut text)?;
        assert_eq!(
            (child.wait()?.code(), &*text),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
    Ok(())
}

/// Docker reserves 2 of a HEALTHCHECK.
#[test]
#[cfg(target_os = "linux")]
fn a_healthy_service_is_healthy_even_if_nobody_can_be_told() -> Result {
    let directory = Directory::new()?;
    let service = Service::start(directory.path())?;
    let url = format!("http://{}", service.address);
    let mut command = health_command(directory.path(), &["probe", "--url", &url]);
    let full = || fs::File::options().write(true).open("/dev/full");
    let status = command.stdout(full()?).stderr(full()?).status()?;
    assert_eq!(status.code(), Some(0));
    Ok(())
}

/// The command `health` of the program. What is logged is not of interest.
fn health_command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = quickstart(directory);
    command.arg("health").args(arguments);
    command
}

fn health(directory: &Path, arguments: &[&str]) -> Result<Ran> {
    Ran::of(&mut health_command(directory, arguments))
}

/// A database without tables, as the program makes it.
fn make_database(directory: &Path) -> Result {
    let options = SqliteConnectOptions::new()
        .filename(directory.join(DATABASE))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let make = async { options.connect().await?.close().await };
    Ok(actix_web::rt::System::new().block_on(make)?)
}

/// A command that has ended.
#[derive(Debug)]
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(command: &mut Command) -> Result<Self> {
        let output = command.env("RUST_LOG", "off").output()?;
        Ok(Self {
            code: output.status.code().ok_or("a signal ended it")?,
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }
}

/// The text with `N` for the numbers of lines.
fn line_numbers(text: &str) -> String {
    let lines = text.lines().map(|line| match line.rsplit_once(".rs:") {
        Some((path, _)) => format!("{path}.rs:N\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// The text with `L` for latencies and `F` for what is free.
fn measured(text: &str) -> String {
    let line = |line: &str| {
        let Some((start, end)) = line.split_once(" ms") else {
            return format!("{line}\n");
        };
        let start = &start[..start.len().saturating_sub(8)];
        let end = end.trim_start_matches([' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        let end = end.strip_prefix("MiB").map(|end| format!("  F MiB{end}"));
        format!("{start}L{}\n", end.unwrap_or_default())
    };
    text.lines().map(line).collect()
}
