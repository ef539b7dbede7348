use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use health_core::{Entry, Reason, Status, Value};
use health_indicators::disk::{self, FreeSpace};

use crate::support::probes::told;
use crate::support::{Faults, Probes, Program, not_permitted};

const MIB: usize = 1 << 20;

/// A file system of our own, mounted. Ends with its value.
struct Mount(PathBuf);

impl Mount {
    /// None, with a word about it, where mounting is not permitted.
    fn tmpfs(name: &str, options: &str) -> Option<Self> {
        Self::mounted(name, &["-t", "tmpfs", "-o", options, "tmpfs"])
    }

    /// Of ext4 in a file of 64 MiB, half of it reserved to root.
    fn ext4(name: &str) -> Option<Self> {
        let make = Program::find("mkfs.ext4")?;
        let image = Program::folder(&format!("{name}-image"))
            .unwrap()
            .join("image");
        File::create(&image)
            .unwrap()
            .set_len(64 * MIB as u64)
            .unwrap();
        let made = Command::new(make)
            .args(["-q", "-m", "50"])
            .arg(&image)
            .output();
        assert!(made.unwrap().status.success());
        Self::mounted(name, &["-o", "loop", image.to_str().unwrap()])
    }

    /// One whose server is this file, and never answers while that is open.
    fn fuse(name: &str) -> Option<(Self, File)> {
        let server = match OpenOptions::new().read(true).write(true).open("/dev/fuse") {
            Ok(server) => server,
            Err(error) => return not_permitted(&format!("a server of a file system: {error}")),
        };
        let options = "fd=0,rootmode=40000,user_id=0,group_id=0";
        let input = server.try_clone().unwrap().into();
        let mount = Self::mounted_by(name, &["-i", "-t", "fuse", "-o", options, "none"], input)?;
        Some((mount, server))
    }

    fn mounted(name: &str, how: &[&str]) -> Option<Self> {
        Self::mounted_by(name, how, Stdio::null())
    }

    fn mounted_by(name: &str, how: &[&str], input: Stdio) -> Option<Self> {
        let mount = Program::find("mount")?;
        let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new(mount);
        command.args(how).arg(&folder).stdin(input);
        let output = command.output().unwrap();
        if output.status.success() {
            return Some(Self(folder));
        }
        let _left = fs::remove_dir(&folder);
        let why = String::from_utf8_lossy(&output.stderr);
        not_permitted(&format!(
            "mounting a file system of our own: {}",
            why.trim()
        ))
    }

    fn fill(&self, name: &str, bytes: usize) {
        fs::write(self.0.join(name), vec![1; bytes]).unwrap();
    }

    fn empty(&self) {
        for file in fs::read_dir(&self.0).unwrap() {
            let file = file.unwrap().path();
            if file.is_file() {
                fs::remove_file(file).unwrap();
            }
        }
    }

    fn remount(&self, options: &str) {
        let mut remount = Command::new("mount");
        remount
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.0);
        assert!(remount.status().unwrap().success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        let _removed = fs::remove_dir(&self.0);
    }
}

fn value(entry: &Entry, name: &str) -> Option<Value> {
    let mut data = entry.data();
    data.find(|(found, _)| *found == name)
        .map(|(_, value)| value.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let Some(mount) = Mount::tmpfs("health-disk", "size=40m,nr_inodes=1000") else {
        return;
    };
    let probes = Probes::of(FreeSpace::new(&mount.0).with_writable(true).check());
    let mut faults = Faults::of("Disk");
    let mut add = |fault: &str, entry: &Entry| faults.add(fault, &told(entry), "");
    add("none", &probes.one().await);
    mount.fill("much", 31 * MIB);
    add("31 of 40 MiB used", &probes.at_once(200).await);
    mount.empty();
    add("31 of 40 MiB used, then over", &probes.one().await);
    for number in 0..960 {
        mount.fill(&format!("{number}"), 0);
    }
    add("960 of 1000 inodes used", &probes.one().await);
    for number in 960..999 {
        mount.fill(&format!("{number}"), 0);
    }
    add("1000 of 1000 inodes used", &probes.one().await);
    mount.empty();
    mount.remount("ro");
    add("mounted read-only", &probes.one().await);
    mount.remount("rw");
    add("mounted read-only, then over", &probes.one().await);
    let below = Probes::of(disk::free_space(mount.0.join("missing")));
    add("path missing", &below.one().await);
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limits_of_the_user_count() {
    let Some(mount) = Mount::tmpfs("health-disk-limits", "size=16m") else {
        return;
    };
    let space = FreeSpace::new(&mount.0)
        .with_unhealthy_below_bytes(0)
        .with_unhealthy_below_percent(25.0)
        .with_degraded_below_bytes(8 << 20);
    assert_eq!(space.look().status(), Status::Healthy);
    mount.fill("half", 8 * MIB);
    assert_eq!(space.look().status(), Status::Healthy);
    mount.fill("more", MIB);
    let outcome = space.look();
    assert_eq!(
        outcome.message(),
        Some("7.0 MiB of 16.0 MiB free, less than 8.0 MiB")
    );
    assert_eq!(outcome.status(), Status::Degraded);
    mount.fill("most", 4 * MIB);
    let outcome = space.look();
    assert_eq!(
        outcome.message(),
        Some("3.0 MiB of 16.0 MiB free, less than 25 %")
    );
    assert_eq!(outcome.status(), Status::Unhealthy);
}

/// A folder is measured where it lies, not where its parents do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mount_of_that_path_is_measured() {
    let Some(mount) = Mount::tmpfs("health-disk-nested", "size=16m") else {
        return;
    };
    let nested = mount.0.join("nested/deeper");
    fs::create_dir_all(&nested).unwrap();
    let total = async |path: &Path| {
        let entry = Probes::of(disk::free_space(path)).one().await;
        value(&entry, "total_bytes")
    };
    assert_eq!(total(&nested).await, Some(Value::Integer(16 << 20)));
    assert_ne!(
        total(&std::env::temp_dir()).await,
        Some(Value::Integer(16 << 20))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_reserved_is_not_free() {
    let Some(mount) = Mount::ext4("health-disk-reserved") else {
        return;
    };
    let df = Command::new("df")
        .args(["-B1", "--output=avail"])
        .arg(&mount.0)
        .output();
    let df = String::from_utf8(df.unwrap().stdout).unwrap();
    let available = df.lines().last().unwrap().trim().parse::<i64>().unwrap();
    let entry = Probes::of(disk::free_space(&mount.0)).one().await;
    assert_eq!(value(&entry, "free_bytes"), Some(Value::Integer(available)));
    let Some(Value::Float(percent)) = value(&entry, "free_percent") else {
        panic!("{entry:?}");
    };
    assert!(percent < 50.0, "{percent}");
    assert_eq!(value(&entry, "read_only"), Some(Value::Bool(false)));
    assert!(value(&entry, "inodes_free").is_some());
}

/// As of a network mount whose server is gone: the kernel waits, and nothing stops that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mount_that_does_not_answer_holds_one_thread() {
    let Some((mount, server)) = Mount::fuse("health-disk-hung") else {
        return;
    };
    let mut faults = Faults::of("Disk (a mount that does not answer)");
    let probes = Probes::of(disk::free_space(&mount.0));
    faults.add("frozen", &told(&probes.at_once(200).await), "");
    let entry = probes.at_once(200).await;
    assert_eq!(entry.reason(), Some(Reason::StillRunning), "{entry:?}");
    assert!(held_threads() <= 1, "{}", held_threads());
    drop(server);
    let mut gone = probes.one().await;
    while gone.reason() == Some(Reason::StillRunning) {
        gone = probes.one().await;
    }
    faults.add("the server of the mount has ended", &told(&gone), "");
    faults.finish();
}

/// How many threads of this process wait for a file system.
fn held_threads() -> usize {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let waits = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("wchan"));
    let waiting = threads.flatten().filter_map(|thread| waits(thread).ok());
    waiting
        .filter(|place| place.contains("fuse") || place.contains("request_wait"))
        .count()
}
