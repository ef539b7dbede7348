//! Servers that a test starts for itself, so that it may stop them.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use tokio::net::TcpStream;
use tokio::time::sleep;

use super::skipped;

/// A program that listens on a port of its own below a folder of its own. Ends with its value.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    running: Option<Child>,
    address: SocketAddr,
}

impl Program {
    /// The path of a program, if it is installed; else none, with a word about it.
    pub(crate) fn find(name: &str) -> Option<PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
        let found = folders
            .map(|folder| folder.join(name))
            .find(|file| file.is_file());
        found.or_else(|| skipped(&format!("{name}: not installed")))
    }

    /// A port that nothing listens on.
    pub(crate) fn free_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        listener.local_addr().expect("it is bound").port()
    }

    /// An empty folder for a program's files.
    pub(crate) fn folder(name: &str) -> io::Result<PathBuf> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Starts `command`, which is to listen on this port, and waits until it does.
    pub(crate) async fn start(mut command: Command, port: u16) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let mut program = Self {
            command,
            running: None,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        };
        program.restart().await;
        program
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets it not run; what connects is accepted by the kernel.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let running = self.running.as_ref().expect("it runs");
        let id = running.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|sent| sent.success()));
    }

    /// Kills it, and what it has started: many a server is a script that starts the server.
    pub(crate) fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let group = format!("-{}", running.id());
            let _ended = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _status = running.wait();
        }
    }

    /// Starts it once more, and waits until it listens.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        self.running = Some(self.command.spawn().expect("the program starts"));
        let began = Instant::now();
        while TcpStream::connect(self.address).await.is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{:?} does not listen",
                self.command
            );
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}
