//! Balancers that run with what `health manifest` has printed, before a running service.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::super::Fact;
use super::manifest;
use crate::http;
use crate::program::{Directory, Program};
use crate::server::{LIVE, READY, Server, Situation};

/// How long a process drains where nothing else is said.
const DRAIN: Duration = Duration::from_secs(5);

/// A port that nobody listens at.
fn free() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

/// The code of an answer, none if there is none.
fn ask(address: SocketAddr, path: &str) -> Option<u16> {
    let answer = http::get(address, path, "client-tests", Duration::from_secs(5));
    answer.ok().map(|(code, _)| code)
}

/// Whether a process that drains is sent nothing more before it stops to serve.
pub(super) fn haproxy(program: &Path) -> String {
    let (server, front) = (Server::start(), free());
    let port = server.address().port().to_string();
    let backend = manifest("usual", &["haproxy", "--port", &port]);
    let text = format!(
        "{backend}\nfrontend front\n    mode http\n    timeout client 5s\n    bind {front}\n    \
         default_backend app\n"
    );
    let directory = Directory::new().unwrap();
    let file = directory.write("haproxy.cfg", &text).unwrap();
    let start = |_: &Path| {
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(file);
        command
    };
    let mut haproxy = Program::start(directory, start).unwrap();
    haproxy.wait_for(|_| ask(front, LIVE).filter(|code| *code == 200));
    server.put_into(Situation::Draining);
    let since = Instant::now();
    while since.elapsed() < DRAIN {
        if ask(front, LIVE) == Some(503) {
            return "gets no requests before it stops".to_owned();
        }
        thread::sleep(Duration::from_millis(50));
    }
    "still gets requests".to_owned()
}

/// A whole configuration around the file.
pub(super) fn nginx_configuration(directory: &Directory, file: &Path) -> PathBuf {
    let here = directory.path().display();
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders = folders.map(|kind| format!("{kind}_temp_path {here}/{kind};"));
    let text = format!(
        "daemon off;\nuser root;\npid {here}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
         access_log off;\n{}\ninclude {};\n}}\n",
        folders.join("\n"),
        file.display()
    );
    directory.write("nginx.main", &text).unwrap()
}

/// What strangers, and those who run the service, get to see.
pub(super) fn nginx(tool: &str, program: &Path) -> Vec<Fact> {
    let server = Server::start();
    let port = server.address().port().to_string();
    let mut facts = Vec::new();
    for (who, network) in [("a stranger", "10.0.0.0/8"), ("one of us", "127.0.0.0/8")] {
        let front = free();
        let listen = front.port().to_string();
        let arguments = [
            "nginx", "--port", &port, "--listen", &listen, "--allow", network,
        ];
        let directory = Directory::new().unwrap();
        let file = directory
            .write("app.conf", &manifest("usual", &arguments))
            .unwrap();
        let main = nginx_configuration(&directory, &file);
        let start = |_: &Path| {
            let mut command = Command::new(program);
            command.args(["-e", "stderr", "-c"]).arg(main);
            command
        };
        let mut nginx = Program::start(directory, start).unwrap();
        nginx.wait_for(|_| ask(front, READY).filter(|code| *code == 200));
        let codes = [
            READY,
            LIVE,
            "/health",
            "/health/openapi.json",
            "/health/checks/none",
        ];
        let codes =
            codes.map(|path| ask(front, path).map_or(String::from("none"), |c| c.to_string()));
        let given = format!("probes, the document and a check that is not there, for {who}");
        facts.push(Fact::new(tool, given, codes.join(" ")));
    }
    facts
}
