//! Trees of files as kernels have them.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use health_core::{Outcome, Value};

use crate::system::files::Files;

/// A folder with files as they were found on real systems. Ends with its value.
pub(super) struct Tree(PathBuf);

impl Tree {
    pub(super) fn empty() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("health-system-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _left = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// With groups of version 2 alone, this process being in that of `path`.
    pub(super) fn second(path: &str) -> Self {
        let mut tree = Self::empty();
        tree.add("proc/self/cgroup", &format!("0::{path}\n"));
        tree.add(
            "proc/self/mountinfo",
            "28 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
             31 28 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
        );
        tree
    }

    /// With groups of version 1 as Docker mounts them, this process being in those of `path`.
    pub(super) fn first(path: &str) -> Self {
        let mut tree = Self::empty();
        tree.add(
            "proc/self/cgroup",
            &format!("9:pids:{path}\n4:memory:{path}\n1:cpu,cpuacct:{path}\n0::/\n"),
        );
        let mounts = ["pids", "memory", "cpu,cpuacct"].map(|names| {
            format!("32 31 0:29 {path} /sys/fs/cgroup/{names} ro - cgroup cgroup rw,{names}\n")
        });
        tree.add("proc/self/mountinfo", &mounts.concat());
        tree
    }

    pub(super) fn add(&mut self, path: &str, text: &str) {
        let file = self.0.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(super) fn files(&self) -> Files {
        Files::below(&self.0)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn told(outcome: &Outcome) -> String {
    format!(
        "{}: {}",
        outcome.status(),
        outcome.message().unwrap_or_default()
    )
}

pub(super) fn value(outcome: &Outcome, name: &str) -> Option<Value> {
    let mut data = outcome.data();
    data.find(|(found, _)| *found == name)
        .map(|(_, value)| value.clone())
}
