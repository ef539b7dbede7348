//! Who is to be told, and whether that is harmless.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use crate::drain::catches;

/// The one that draining begins with.
const SIGNAL: Signal = Signal::USR1;

/// Tells a process to drain: this one, or the only other one that runs this program.
///
/// The signal ends a process that does not handle it, so one that does not is left alone.
pub(super) fn tell(pid: Option<i32>) -> Result<i32, String> {
    if let Some(pid) = pid {
        send(pid, None)?;
        return Ok(pid);
    }
    let program = identity(Path::new("/proc/self/exe")).map_err(|e| unknown(&e))?;
    let pid = only(&Process::others_of(program)?)?;
    send(pid, Some(program))?;
    Ok(pid)
}

/// One that runs this program too.
#[derive(Clone, Copy, Debug)]
struct Process {
    pid: i32,
    handles: bool,
}

impl Process {
    fn others_of(program: Identity) -> Result<Vec<Self>, String> {
        let own = std::process::id();
        let mut others = Vec::new();
        for entry in fs::read_dir("/proc").map_err(|e| unknown(&e))?.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
                continue;
            };
            // Who has ended meanwhile, or belongs to somebody else, is none of them.
            let runs_it = identity(&entry.path().join("exe")).is_ok_and(|it| it == program);
            if u32::try_from(pid) != Ok(own) && runs_it {
                others.push(Self {
                    pid,
                    handles: handles(pid).unwrap_or(false),
                });
            }
        }
        others.sort_unstable_by_key(|process| process.pid);
        Ok(others)
    }
}

fn unknown(error: &io::Error) -> String {
    format!("cannot find out what runs: {error}; give --pid")
}

/// The device and the number of a file.
type Identity = (u64, u64);

/// Which file it is, whatever it is called.
fn identity(path: &Path) -> io::Result<Identity> {
    let file = fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}

/// Those that do not handle the signal are commands, as this one is, or not ready for it.
fn only(others: &[Process]) -> Result<i32, String> {
    let listed = |processes: &mut dyn Iterator<Item = &Process>| {
        let pids: Vec<_> = processes.map(|process| process.pid.to_string()).collect();
        pids.join(", ")
    };
    let handling = || others.iter().filter(|process| process.handles);
    match (handling().count(), others.is_empty()) {
        (1, _) => Ok(handling().map(|process| process.pid).sum()),
        (0, true) => Err("no other process runs this program; give --pid".to_owned()),
        (0, false) => Err(format!(
            "no process that runs this program handles SIGUSR1, which would end it: {}; have the \
             service call `Health::drain` at its start",
            listed(&mut others.iter())
        )),
        _ => Err(format!(
            "several processes run this program: {}; give --pid",
            listed(&mut handling())
        )),
    }
}

/// What the system calls a process now is held while it is looked at: the number may be given to
/// another one as soon as it ends, and may have been since it was found to run the program.
fn send(pid: i32, program: Option<Identity>) -> Result<(), String> {
    let gone = || format!("there is no process {pid}");
    let raw = Pid::from_raw(pid).ok_or_else(gone)?;
    let held = match pidfd_open(raw, PidfdFlags::empty()) {
        Ok(held) => Some(held),
        // Before Linux 5.3.
        Err(Errno::NOSYS) => None,
        Err(Errno::SRCH) => return Err(gone()),
        Err(error) => return Err(format!("process {pid} cannot be told to drain: {error}")),
    };
    let exe = format!("/proc/{pid}/exe");
    if program.is_some_and(|program| identity(exe.as_ref()).ok() != Some(program)) {
        return Err(gone());
    }
    if !handles(pid).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => gone(),
        _ => format!("cannot find out whether process {pid} handles SIGUSR1: {error}"),
    })? {
        return Err(format!(
            "process {pid} does not handle SIGUSR1, which would end it, so it is left alone; have \
             it call `Health::drain` at its start"
        ));
    }
    let sent = match &held {
        Some(held) => pidfd_send_signal(held, SIGNAL),
        None => kill_process(raw, SIGNAL),
    };
    sent.map_err(|error| match error {
        Errno::SRCH => gone(),
        error => format!("process {pid} cannot be told to drain: {error}"),
    })
}

/// Whether the process handles the signal in some way.
fn handles(pid: i32) -> io::Result<bool> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    catches(&status, SIGNAL.as_raw()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests;
