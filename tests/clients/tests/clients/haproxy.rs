//! HAProxy, whose statistics are read from its socket.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use crate::observe::drive_all;
use crate::program::{Directory, Program, find};
use crate::server::Server;
use crate::table::{Row, Table};

/// How each row of the table is configured.
const BACKENDS: [(&str, &str); 4] = [
    (
        "haproxy: option httpchk OPTIONS /health/ready",
        "option httpchk OPTIONS /health/ready",
    ),
    (
        "haproxy: option httpchk GET /health/ready",
        "option httpchk GET /health/ready",
    ),
    (
        "haproxy: http-check disable-on-404",
        "option httpchk GET /health/ready\n    http-check disable-on-404",
    ),
    (
        "haproxy: http-check disable-on-404, a wrong path",
        "option httpchk GET /nothing\n    http-check disable-on-404",
    ),
];

/// Without `timeout check`, a check would have to end within its interval.
const DEFAULTS: &str = "
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout check 5s
    default-server check inter 100ms fall 2 rise 2
";

pub(crate) const NAME: &str = "haproxy";

pub(crate) fn run(expected: &Table) -> Option<Vec<Row>> {
    let program = find(NAME)?;
    let servers = BACKENDS.map(|_| Server::start());
    let directory = Directory::new().unwrap();
    let file = directory.path().join("haproxy.cfg");
    let text = configuration(directory.path(), &servers);
    directory.write("haproxy.cfg", &text).unwrap();
    let start = |_: &Path| {
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(file);
        command
    };
    let mut haproxy = Program::start(directory, start).unwrap();
    haproxy.wait_for(|haproxy| statistics(haproxy.path()).ok());
    let path = haproxy.path();
    let clients = servers.into_iter().zip(BACKENDS).enumerate();
    let clients =
        clients.map(|(number, (server, (client, _)))| (client, server, look(path, number)));
    Some(drive_all(expected, clients))
}

/// Looks at the last check of a backend's server.
fn look(directory: &Path, backend: usize) -> impl FnMut() -> String {
    let mut last = String::new();
    move || {
        if let Some(words) = said(&statistics(directory).unwrap(), backend) {
            last = words;
        }
        last.clone()
    }
}

fn configuration(directory: &Path, servers: &[Server]) -> String {
    let socket = directory.join("socket");
    let mut text = format!("global\n    stats socket {} mode 600\n", socket.display());
    text.push_str(DEFAULTS);
    for (number, ((_, check), server)) in BACKENDS.iter().zip(servers).enumerate() {
        let address = server.address();
        let _ = write!(
            text,
            "backend b{number}\n    {check}\n    server s {address}\n"
        );
    }
    text
}

/// The statistics, as comma-separated values.
fn statistics(directory: &Path) -> std::io::Result<String> {
    let mut socket = UnixStream::connect(directory.join("socket"))?;
    socket.write_all(b"show stat\n")?;
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    Ok(text)
}

/// What the last check of a backend's server said; nothing while one is under way, as its status is
/// still that of the last, and its code no longer.
fn said(statistics: &str, backend: usize) -> Option<String> {
    let mut lines = statistics.lines().map(|line| line.split(','));
    let names: Vec<_> = lines.next().into_iter().flatten().collect();
    let is_server = |values: &Vec<(&str, &str)>| {
        values.contains(&("# pxname", &format!("b{backend}"))) && values.contains(&("svname", "s"))
    };
    let server = lines
        .map(|values| names.iter().copied().zip(values).collect())
        .find(is_server)
        .expect("each backend has a server");
    let value = |wanted: &str| {
        let found = server.iter().find(|(name, _)| *name == wanted);
        found.map_or("", |(_, value)| *value)
    };
    let parts = [value("status"), value("check_status"), value("check_code")];
    let is_under_way = value("check_status").starts_with("* ");
    (!is_under_way).then(|| parts.join(" ").trim_end().to_owned())
}
