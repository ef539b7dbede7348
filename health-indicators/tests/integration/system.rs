#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use health_core::{Entry, Outcome, Status, Value};
use health_indicators::system::cpu::{self, Throttling};
use health_indicators::system::memory;
use health_indicators::system::{descriptors, pressure, threads};

use crate::support::probes::told;
use crate::support::{Probes, not_permitted};

/// Names which of the tests that need a process of their own this process is for.
const PART: &str = "HEALTH_TEST_PART";

/// What a test of this binary prints that runs alone in a process of its own, which `before` has
/// prepared in the words of a shell.
fn apart(part: &str, before: &str) -> String {
    let command = format!("{before}; exec \"$0\" --exact system::{part} --nocapture");
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(command)
        .arg(std::env::current_exe().unwrap())
        .env(PART, part);
    let Output {
        status,
        stdout,
        stderr,
    } = shell.output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{out}{err}");
    out.into_owned()
}

fn is_for(part: &str) -> bool {
    std::env::var(PART).is_ok_and(|value| value == part)
}

/// A control group of our own. Ends with its value.
struct Group(PathBuf);

impl Group {
    /// One whose controller has these files; none, with a word about it, where it cannot be made, or
    /// where this process is in a group that somebody else sees to.
    fn with(controller: &str, files: &[(&str, &str)]) -> Option<Self> {
        let Some(root) = Self::root_of(controller) else {
            return not_permitted(&format!(
                "a control group for {controller} that is all ours"
            ));
        };
        let group = Self(root.join(format!("health-test-{controller}-{}", std::process::id())));
        if let Err(error) = fs::create_dir(&group.0) {
            return not_permitted(&format!("a control group for {controller}: {error}"));
        }
        for (file, value) in files {
            // Never made: what is not there is not the kernel's.
            let open = OpenOptions::new().write(true).open(group.0.join(file));
            if let Err(error) = open.and_then(|mut file| file.write_all(value.as_bytes())) {
                return not_permitted(&format!("{file} of a control group: {error}"));
            }
        }
        Some(group)
    }

    /// The root of the hierarchy that has the controller, if this process is in no group below it.
    fn root_of(controller: &str) -> Option<PathBuf> {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap();
        let path = |of: &str| {
            groups
                .lines()
                .find_map(|line| line.split_once(of)?.1.into())
        };
        let all = Path::new("/sys/fs/cgroup");
        let (root, path): (_, Option<&str>) = match path(&format!(":{controller}:")) {
            Some(path) => (all.join(controller), Some(path)),
            None => (all.to_owned(), path("0::")),
        };
        let is_root = path == Some("/") && root.join("cgroup.procs").exists();
        is_root.then_some(root)
    }

    /// How a shell enters it.
    fn enter(&self) -> String {
        format!("echo $$ > '{}/cgroup.procs'", self.0.display())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _removed = fs::remove_dir(&self.0);
    }
}

fn has_first(controller: &str) -> bool {
    Path::new("/sys/fs/cgroup")
        .join(controller)
        .join("tasks")
        .exists()
}

fn value<'a>(mut data: impl Iterator<Item = (&'a str, &'a Value)>, name: &str) -> f64 {
    match data.find(|(found, _)| *found == name) {
        Some((_, Value::Integer(value))) => *value as f64,
        Some((_, Value::Float(value))) => *value,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn descriptors_run_out() {
    apart("in_few_descriptors", "ulimit -n 200");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_few_descriptors() {
    if !is_for("in_few_descriptors") {
        return;
    }
    let probes = Probes::of(descriptors::check().liveness());
    assert_eq!(told(&probes.one().await), "healthy");
    let mut open = Vec::new();
    let mut reaches = |most: f64| {
        while value(descriptors::look().data(), "open") < most {
            open.push(File::open("/dev/null").unwrap());
        }
    };
    reaches(171.0);
    assert!(told(&probes.one().await).starts_with("degraded: 17"));
    reaches(191.0);
    assert!(told(&probes.one().await).starts_with("unhealthy: 19"));
    while let Ok(file) = File::open("/dev/null") {
        open.push(file);
    }
    assert_eq!(
        told(&probes.one().await),
        "unhealthy: no file descriptor is left"
    );
    assert_eq!(memory::look().message(), Some("no file descriptor is left"));
    drop(open);
    assert_eq!(told(&probes.one().await), "healthy");
}

#[test]
fn threads_run_out() {
    if let Some(group) = Group::with("pids", &[("pids.max", "60")]) {
        apart("in_few_threads", &group.enter());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_few_threads() {
    if !is_for("in_few_threads") {
        return;
    }
    let probes = Probes::of(threads::check().liveness());
    assert_eq!(told(&probes.one().await), "healthy");
    let (ends, end) = mpsc::channel::<()>();
    let end = std::sync::Arc::new(std::sync::Mutex::new(end));
    let mut running = Vec::new();
    let waits = || {
        let end = std::sync::Arc::clone(&end);
        let spawned = thread::Builder::new().spawn(move || {
            let _ended = end.lock().unwrap().recv();
        });
        spawned.ok()
    };
    while value(threads::look().data(), "in_use") < 54.0 {
        running.extend(waits());
    }
    assert_eq!(
        told(&probes.one().await),
        "degraded: 54 of 60 in use, 85 % or more"
    );
    while let Some(thread) = waits() {
        running.push(thread);
    }
    assert_eq!(
        told(&probes.one().await),
        "unhealthy: 60 of 60 in use, 95 % or more"
    );
    drop(ends);
    for thread in running {
        thread.join().unwrap();
    }
    assert_eq!(told(&probes.one().await), "healthy");
}

#[test]
fn cpu_time_runs_out() {
    let files: &[_] = match has_first("cpu") {
        true => &[("cpu.cfs_period_us", "20000"), ("cpu.cfs_quota_us", "4000")],
        false => &[("cpu.max", "4000 20000")],
    };
    if let Some(group) = Group::with("cpu", files) {
        apart("in_little_time", &group.enter());
    }
}

#[test]
fn in_little_time() {
    if !is_for("in_little_time") {
        return;
    }
    let cpu = Throttling::new();
    let first = cpu.look();
    assert_eq!(first.status(), Status::Healthy);
    assert_eq!(value(first.data(), "cores"), 0.2);
    let began = Instant::now();
    let mut found = cpu.look();
    while found.status() == Status::Healthy {
        assert!(began.elapsed() < Duration::from_secs(20), "{found:?}");
        found = cpu.look();
    }
    let message = found.message().unwrap();
    assert!(message.starts_with("throttled in "), "{message}");
    assert!(value(found.data(), "throttled_percent") > 25.0, "{found:?}");
}

const LITTLE: usize = 64 << 20;
const PIECE: usize = 256 << 10;

#[test]
fn memory_runs_out() {
    let name = match has_first("memory") {
        true => "memory.limit_in_bytes",
        false => "memory.max",
    };
    if let Some(group) = Group::with("memory", &[(name, &LITTLE.to_string())]) {
        apart("in_little_memory", &group.enter());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_little_memory() {
    if !is_for("in_little_memory") {
        return;
    }
    let probes = Probes::of(memory::check());
    assert_eq!(told(&probes.one().await), "healthy");
    // Were it not limited, the test would take what all others have.
    assert_eq!(value(memory::look().data(), "limit_bytes"), LITTLE as f64);
    let mut held = Vec::new();
    let mut reaches = |percent: f64| {
        while value(memory::look().data(), "used_percent") < percent {
            held.push(vec![1_u8; PIECE]);
            assert!(held.len() * PIECE < LITTLE);
        }
    };
    let status = |entry: &Entry| (entry.status(), entry.message().map(str::to_owned));
    reaches(88.0);
    let found = status(&probes.one().await);
    assert_eq!(found.0, Status::Degraded, "{found:?}");
    reaches(96.0);
    let found = status(&probes.one().await);
    assert_eq!(found.0, Status::Unhealthy, "{found:?}");
    assert!(
        found
            .1
            .unwrap()
            .ends_with("of 64.0 MiB in use, 95 % or more")
    );
}

#[test]
fn all_of_this_system_is_known() {
    let known = |outcome: Outcome, name: &str| value(outcome.data(), name);
    let memory = memory::look();
    assert!(value(memory.data(), "used_bytes") > 1e6, "{memory:?}");
    assert!(known(descriptors::look(), "open") >= 3.0);
    assert!(known(threads::look(), "threads") >= 1.0);
    if fs::read_to_string("/proc/pressure/memory").is_ok() {
        assert!((0.0..=100.0).contains(&known(pressure::look(), "memory_some_avg10")));
    }
    let _known_or_without_quota = cpu::check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_them_serve_liveness() {
    for check in [
        memory::check(),
        descriptors::check(),
        threads::check(),
        cpu::check(),
        pressure::check(),
    ] {
        let entry = Probes::of(check.liveness()).at_once(200).await;
        assert_ne!(
            entry.reason(),
            Some(health_core::Reason::TimedOut),
            "{entry:?}"
        );
    }
}
