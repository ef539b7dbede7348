//! Servers as processes of their own, so that what they cost can be told apart from the load.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{self, Child, Command, Stdio};
use std::thread;

use clap::Args;

use crate::Result;
use crate::pin::{Half, pin};
use crate::servers::SERVERS;

/// The arguments of `serve`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    /// Which of the servers.
    name: String,
    /// How many workers.
    #[arg(long, default_value_t = 1)]
    pub(crate) workers: usize,
    /// What only this server has to know, in words of its own.
    #[arg(long, default_value = "")]
    pub(crate) told: String,
    /// For how many milliseconds results are kept, where that is not to be as it is by default.
    #[arg(long)]
    pub(crate) cache_ms: Option<u64>,
    /// On all cores, and not on its half of them.
    #[arg(long)]
    spread: bool,
    /// How long a body is that has no length of its own.
    #[arg(long, value_name = "BYTES")]
    pub(crate) body: Option<usize>,
}

impl Serve {
    /// Serves until the standard input ends, as it does when whoever started this is gone.
    pub(crate) fn run(&self) -> Result {
        let kind = SERVERS
            .iter()
            .find(|kind| kind.name == self.name)
            .ok_or_else(|| format!("no server `{}`", self.name))?;
        if !self.spread {
            pin(Half::Server);
        }
        thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            process::exit(0);
        });
        (kind.run)(self)
    }

    /// Where the server has to listen. Tells the process that started this one.
    pub(crate) fn listen(&self) -> Result<TcpListener> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let mut out = io::stdout();
        writeln!(out, "{}", listener.local_addr()?)?;
        out.flush()?;
        Ok(listener)
    }
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// One of our own servers, with further arguments of `serve`.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        Self::spawn(command.arg("serve").arg(name).args(arguments))
    }

    /// The same, where it asks the dependencies that these variables tell of.
    pub(crate) fn start_with(
        name: &str,
        arguments: &[&str],
        variables: &[(&str, String)],
    ) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("serve").arg(name).args(arguments);
        Self::spawn(command.envs(variables.iter().cloned()))
    }

    /// Any program that prints its address first, on a line.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start {command:?}: {e}"))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line
            .trim()
            .parse()
            .map_err(|_| format!("{command:?} did not say where it listens: {line}"))?;
        Ok(Self { child, address })
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
