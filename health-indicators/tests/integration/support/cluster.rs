//! PostgreSQL servers that a test starts for itself, so that it may restart, freeze and replicate
//! them, and read what they log.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Program, skipped};

/// A server of its own below a folder of its own. Ends with its value.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
}

impl Cluster {
    /// A primary; none, with a word about it, if PostgreSQL is not installed.
    pub(crate) fn primary(name: &str) -> Option<Self> {
        let cluster = Self::empty(name, programs()?);
        let data = cluster.data();
        cluster.run("initdb", &["-A", "trust", "-U", "postgres", "-D", &data]);
        cluster.start();
        Some(cluster)
    }

    /// A replica of it.
    pub(crate) fn replica(&self, name: &str) -> Self {
        let replica = Self::empty(name, self.programs.clone());
        let (data, port) = (replica.data(), self.address.port().to_string());
        let from = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres"];
        let to = ["-D", &data, "-R", "-X", "stream", "-c", "fast"];
        replica.run("pg_basebackup", &[&from[..], &to[..]].concat());
        replica.start();
        replica
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `psql` prints.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> String {
        let port = self.address.port().to_string();
        let whom = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres"];
        let what = ["-d", database, "-AtXqc", statement];
        self.run("psql", &[&whom[..], &what[..]].concat())
    }

    pub(crate) fn start(&self) {
        let settings = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c log_connections=on \
             -c wal_retrieve_retry_interval=100 -c max_connections=30 -c superuser_reserved_connections=3",
            self.address.port(),
            self.folder.display(),
        );
        self.control(&["-o", &settings, "-w", "start"]);
    }

    /// As after a power failure.
    pub(crate) fn stop(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// As after a power failure.
    pub(crate) fn restart(&self) {
        self.stop();
        self.start();
    }

    /// Lets none of its processes run; what connects is accepted by the kernel.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// How many connections have come, as it logs them.
    pub(crate) fn connections(&self) -> usize {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        log.matches("connection received:").count()
    }

    fn empty(name: &str, programs: PathBuf) -> Self {
        let name = format!("health-indicators-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        if is_root() {
            let status = Command::new("chown").arg("postgres").arg(&folder).status();
            assert!(status.unwrap().success());
        }
        Self {
            programs,
            folder,
            address: SocketAddr::from(([127, 0, 0, 1], Program::free_port())),
        }
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn control(&self, what: &[&str]) {
        let (data, log) = (self.data(), self.folder.join("log").display().to_string());
        self.run("pg_ctl", &[&["-s", "-D", &data, "-l", &log], what].concat());
    }

    fn signal(&self, signal: &str) {
        let main = self.main().expect("it runs");
        let children = Command::new("ps")
            .args(["-o", "pid=", "--ppid", &main])
            .output();
        let children = String::from_utf8(children.unwrap().stdout).unwrap();
        let all = children.split_whitespace().chain([&*main]);
        let mut kill = Command::new("kill");
        // Some may have ended meanwhile.
        let sent = kill.arg(signal).args(all).stderr(Stdio::null()).status();
        assert!(sent.is_ok());
    }

    /// The id of its main process.
    fn main(&self) -> Option<String> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        file.lines().next().map(ToOwned::to_owned)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let program = self.programs.join(program);
        let mut command = match is_root() {
            true => Command::new("runuser"),
            false => Command::new(&program),
        };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(&program);
        }
        let output = command.args(arguments).current_dir(&self.folder).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program:?} {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.main().is_some() {
            self.thaw();
            let stopped = std::panic::AssertUnwindSafe(|| self.stop());
            let _told = std::panic::catch_unwind(stopped);
        }
        let _left = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of the newest; Debian keeps them out of the way.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<_> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.splice(..0, std::env::split_paths(&path));
    let needed = ["initdb", "pg_basebackup", "pg_ctl", "psql"];
    let has_all = |folder: &PathBuf| needed.iter().all(|name| folder.join(name).is_file());
    folders
        .into_iter()
        .rfind(has_all)
        .or_else(|| skipped("initdb, pg_basebackup, pg_ctl, psql: not installed"))
}

/// PostgreSQL does not run as root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(Path::new("/proc/self")).is_ok_and(|process| process.uid() == 0)
}
