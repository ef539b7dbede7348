//! The service, as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Result;
use crate::clock::{self, Moment};
use crate::model::Model;
use crate::sabotage::Sabotage;

/// How long a command may take: it is on a thread of its own.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    commands: ChildStdin,
    heard: Receiver<Heard>,
    folder: PathBuf,
    next: u64,
    pub(crate) main: SocketAddr,
    pub(crate) management: SocketAddr,
}

#[derive(Debug)]
enum Heard {
    Ready(SocketAddr, SocketAddr),
    Done(u64, std::result::Result<(), String>),
    Runs(u64),
}

impl Service {
    pub(crate) fn start(
        dependencies: &[SocketAddr],
        sabotage: Option<Sabotage>,
        model: &Arc<Mutex<Model>>,
        wrong: Sender<String>,
    ) -> Result<Self> {
        // In memory, where there is such a place: what a busy disk does is no fault that is injected.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let folder = folder.join(format!("health-soak-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("health.toml"), "")?;
        fs::write(folder.join("overrides"), "")?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve");
        for address in dependencies {
            command.args(["--dependency", &address.to_string()]);
        }
        command.arg("--config").arg(folder.join("health.toml"));
        command.arg("--overrides").arg(folder.join("overrides"));
        if let Some(sabotage) = sabotage {
            command.args(["--sabotage", &sabotage.word()]);
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = child.spawn()?;
        let commands = child.stdin.take().ok_or("no standard input")?;
        let out = child.stdout.take().ok_or("no standard output")?;
        let (hears, heard) = channel();
        let model = Arc::clone(model);
        thread::spawn(move || listen(out, &model, &hears, &wrong));
        let Ok(Heard::Ready(main, management)) = heard.recv_timeout(PATIENCE) else {
            return Err("the service does not start".into());
        };
        Ok(Self {
            child,
            commands,
            heard,
            folder,
            next: 0,
            main,
            management,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it do something, and waits until that is done; or else says what it answered.
    pub(crate) fn command(&mut self, what: &str) -> Result<std::result::Result<(), String>> {
        self.next += 1;
        writeln!(self.commands, "{} {what}", self.next)?;
        self.commands.flush()?;
        loop {
            match self.heard.recv_timeout(PATIENCE) {
                Ok(Heard::Done(number, done)) if number == self.next => return Ok(done),
                Ok(_) => {}
                Err(_) => return Err(format!("the service does not do: {what}").into()),
            }
        }
    }

    /// How many runs there were.
    pub(crate) fn runs(&mut self) -> Result<u64> {
        writeln!(self.commands, "0 runs")?;
        loop {
            match self.heard.recv_timeout(PATIENCE) {
                Ok(Heard::Runs(runs)) => return Ok(runs),
                Ok(_) => {}
                Err(_) => return Err("the service does not count".into()),
            }
        }
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> Result {
        // As an editor does it: never half a file.
        let (new, file) = (self.folder.join("new"), self.folder.join(file));
        fs::write(&new, text)?;
        Ok(fs::rename(new, file)?)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result {
        let id = i32::try_from(self.child.id())?;
        let id = Pid::from_raw(id).ok_or("no process")?;
        Ok(kill_process(id, signal)?)
    }

    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits until it has ended by itself; its exit code.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<Option<i32>> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code().or(Some(-1)));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(None)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already, and a temporary folder may stay.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(Path::new(&self.folder));
    }
}

fn listen(
    out: ChildStdout,
    model: &Arc<Mutex<Model>>,
    hears: &Sender<Heard>,
    wrong: &Sender<String>,
) {
    for line in BufReader::new(out)
        .lines()
        .map_while(std::result::Result::ok)
    {
        let words: Vec<_> = line.splitn(3, ' ').collect();
        let heard = match *words {
            ["late", due, woke] => {
                let moment = |text: &str| text.parse::<Moment>().unwrap_or_else(|_| clock::now());
                let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
                model.lateness.add(moment(due), moment(woke), true);
                continue;
            }
            ["double", check] => {
                // Nobody listens once something else is wrong.
                let _ = wrong.send(format!("two runs of `{check}` were in flight"));
                continue;
            }
            ["ready", main, management] => match (main.parse(), management.parse()) {
                (Ok(main), Ok(management)) => Heard::Ready(main, management),
                _ => continue,
            },
            ["ack", number] => Heard::Done(number.parse().unwrap_or(0), Ok(())),
            ["failed", number, why] => Heard::Done(number.parse().unwrap_or(0), Err(why.into())),
            ["runs", runs] => Heard::Runs(runs.parse().unwrap_or(0)),
            _ => continue,
        };
        if hears.send(heard).is_err() {
            return;
        }
    }
}
