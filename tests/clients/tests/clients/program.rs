//! Programs of others: found, started with files of their own, and killed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing that is waited for takes longer, even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(20);

/// Where Debian keeps servers, which is not where everyone looks.
const ELSEWHERE: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Finds a program; where there is none, says so.
///
/// # Panics
/// If there is none, and `HEALTH_TEST_SERVICES` is `required`.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(ELSEWHERE.map(PathBuf::from));
    let found = folders
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    assert!(found.is_some() || !is_required(), "{name} is not installed");
    found
}

/// Whether it is a failure that a program is not there.
pub(crate) fn is_required() -> bool {
    std::env::var_os("HEALTH_TEST_SERVICES") == Some(OsString::from("required"))
}

/// A program that runs until it is dropped, with a directory that is then removed.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    directory: Directory,
}

impl Program {
    /// Starts what `command` makes of the directory. What it says is in the file `log` there.
    pub(crate) fn start(
        directory: Directory,
        command: impl FnOnce(&Path) -> Command,
    ) -> io::Result<Self> {
        let log = File::create(directory.path().join("log"))?;
        let child = command(directory.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { child, directory })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// Tries until there is something.
    ///
    /// # Panics
    /// With the log, if the program ends or patience does.
    pub(crate) fn wait_for<T>(&mut self, mut attempt: impl FnMut(&Self) -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(found) = attempt(self) {
                return found;
            }
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || begin.elapsed() > PATIENCE {
                panic!("it does not start ({ended:?}): {}", self.log());
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails if it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory of its own. Removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("client-tests-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
