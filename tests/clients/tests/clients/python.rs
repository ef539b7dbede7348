//! The health client of grpcio, in Python: all methods, one stream of them open.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::observe::drive_all;
use crate::program::{Directory, Program, find};
use crate::server::Server;
use crate::table::{Row, Table};

const ROW: &str = "python: Check, Watch, List";

/// A Python that has grpcio-health-checking.
pub(crate) const NAME: &str = "python-grpc";

pub(crate) fn run(expected: &Table) -> Option<Vec<Row>> {
    let program = find(NAME)?;
    let server = Server::start();
    let directory = Directory::new().unwrap();
    let script = directory
        .write("watch.py", include_str!("watch.py"))
        .unwrap();
    let start = |_: &Path| {
        let mut command = Command::new(program);
        command.arg(script).arg(server.grpc().to_string());
        command.stderr(Stdio::null());
        command
    };
    let mut client = Program::start(directory, start).unwrap();
    client.wait_for(last_line);
    let look = move || last_line(&client).unwrap();
    Some(drive_all(expected, [(ROW, server, look)]))
}

/// The last line that is whole.
fn last_line(client: &Program) -> Option<String> {
    let log = client.log();
    let (lines, _) = log.rsplit_once('\n')?;
    lines.lines().last().map(str::to_owned)
}
