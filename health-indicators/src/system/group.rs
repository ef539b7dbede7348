//! Where the control groups of this process are, as cgroups(7) tells to find them.

use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;
use crate::system::files::Files;

/// Which of the two interfaces a group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// The group of this process, and those that it lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) version: Version,
    /// Its own first, and last the root of what can be seen.
    pub(super) folders: Vec<PathBuf>,
}

impl Group {
    /// The one whose `controller` limits this process.
    pub(super) fn limiting(files: &Files, controller: &str) -> Result<Option<Self>, Failure> {
        let told = Told::read(files)?;
        Ok(told.and_then(|told| told.first(controller).or_else(|| told.second())))
    }

    /// The one of version 2, which knows how long this process is stalled.
    pub(super) fn unified(files: &Files) -> Result<Option<Self>, Failure> {
        Ok(Told::read(files)?.and_then(|told| told.second()))
    }
}

/// What the kernel tells of groups and mounts.
struct Told {
    groups: String,
    mounts: String,
}

impl Told {
    fn read(files: &Files) -> Result<Option<Self>, Failure> {
        let groups = files.text("/proc/self/cgroup")?;
        let mounts = files.text("/proc/self/mountinfo")?;
        Ok(groups
            .zip(mounts)
            .map(|(groups, mounts)| Self { groups, mounts }))
    }

    fn first(&self, controller: &str) -> Option<Group> {
        let has = |list: &str| list.split(',').any(|name| name == controller);
        let path = path(&self.groups, |number, names| number != "0" && has(names))?;
        let is_its = |mount: &Mount<'_>| mount.kind == "cgroup" && has(mount.options);
        Some(Group {
            version: Version::One,
            folders: self.folders(is_its, path)?,
        })
    }

    fn second(&self) -> Option<Group> {
        let path = path(&self.groups, |number, names| {
            number == "0" && names.is_empty()
        })?;
        Some(Group {
            version: Version::Two,
            folders: self.folders(|mount| mount.kind == "cgroup2", path)?,
        })
    }

    /// The folders from that of `path` up to where its hierarchy is mounted. What is mounted need
    /// not be all of the hierarchy, and what the path tells need not be below it: then the mount is
    /// the nearest that can be seen.
    fn folders(&self, is_its: impl Fn(&Mount<'_>) -> bool, path: &str) -> Option<Vec<PathBuf>> {
        let mounts = || self.mounts.lines().filter_map(Mount::read).filter(&is_its);
        let below = mounts().find_map(|mount| Some((mount.point(), mount.below(path)?)));
        let (point, below) = match below {
            Some(found) => found,
            None => (mounts().next()?.point(), PathBuf::new()),
        };
        const DEEPEST: usize = 64;
        let folders = below.ancestors().map(|part| point.join(part));
        Some(folders.take(DEEPEST).collect())
    }
}

/// The path of the first group, of those told as `number:controllers:path`, that is the one.
fn path(groups: &str, is_it: impl Fn(&str, &str) -> bool) -> Option<&str> {
    groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (number, names, path) = (parts.next()?, parts.next()?, parts.next()?);
        is_it(number, names).then_some(path)
    })
}

/// A line of `/proc/self/mountinfo`.
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (place, what) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let mut what = what.split(' ');
        Some(Self {
            root: place.next()?,
            point: place.next()?,
            kind: what.next()?,
            options: what.nth(1)?,
        })
    }

    fn point(&self) -> PathBuf {
        unescaped(self.point).into()
    }

    /// Where a path of the hierarchy is below what is mounted.
    fn below(&self, path: &str) -> Option<PathBuf> {
        let below = Path::new(path).strip_prefix(unescaped(self.root)).ok()?;
        let is_below = below
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        is_below.then(|| below.to_owned())
    }
}

/// With the characters that mountinfo writes as `\` and three octal digits.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok())
        {
            Some(byte) if byte.is_ascii() => {
                plain.push(char::from(byte));
                plain.push_str(&part[3..]);
            }
            _ => {
                plain.push('\\');
                plain.push_str(part);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: &str = "25 20 0:23 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    const BOTH: &str = "\
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/0a1b /sys/fs/cgroup/memory ro,relatime master:15 - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    fn found(groups: &str, mounts: &str, controller: &str) -> Option<(Version, Vec<String>)> {
        let told = Told {
            groups: groups.to_owned(),
            mounts: mounts.to_owned(),
        };
        let group = told.first(controller).or_else(|| told.second())?;
        let text = |folder: PathBuf| folder.to_string_lossy().trim_end_matches('/').to_owned();
        Some((group.version, group.folders.into_iter().map(text).collect()))
    }

    #[test]
    fn groups_are_found_as_each_way_to_mount_them_has_it() {
        let two = |folders: &[&str]| {
            let folders = folders.iter().map(ToString::to_string).collect();
            Some((Version::Two, folders))
        };
        let one = |folders: &[&str]| {
            let folders = folders.iter().map(ToString::to_string).collect();
            Some((Version::One, folders))
        };
        let own = "/sys/fs/cgroup";
        // A container with a name space of its own sees its group as the root.
        assert_eq!(found("0::/\n", SECOND, "memory"), two(&[own]));
        assert_eq!(
            found("0::/system.slice/web.service\n", SECOND, "memory"),
            two(&[
                "/sys/fs/cgroup/system.slice/web.service",
                "/sys/fs/cgroup/system.slice",
                own
            ])
        );
        // Moved out of what it sees.
        assert_eq!(found("0::/../other\n", SECOND, "memory"), two(&[own]));
        let both = "5:cpu,cpuacct:/\n4:memory:/docker/0a1b\n3:name=systemd:/x\n0::/y\n";
        assert_eq!(found(both, BOTH, "memory"), one(&["/sys/fs/cgroup/memory"]));
        assert_eq!(
            found(both, BOTH, "cpu"),
            one(&["/sys/fs/cgroup/cpu,cpuacct"])
        );
        assert_eq!(
            found(both, BOTH, "pids"),
            two(&["/sys/fs/cgroup/unified/y", "/sys/fs/cgroup/unified"])
        );
        // Another part of the hierarchy is mounted than the one of this process.
        let elsewhere = "4:memory:/kubepods/pod1\n";
        assert_eq!(
            found(elsewhere, BOTH, "memory"),
            one(&["/sys/fs/cgroup/memory"])
        );
        assert_eq!(found("", BOTH, "memory"), None);
        assert_eq!(found(both, "", "memory"), None);
    }

    #[test]
    fn characters_of_paths_are_unescaped() {
        assert_eq!(unescaped(r"/a\040b\134c"), r"/a b\c");
        assert_eq!(unescaped(r"/a\9\04"), r"/a\9\04");
        assert_eq!(unescaped(r"\377ü\ü"), r"\377ü\ü");
    }

    fn hostile() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            any::<String>(),
            r"[0-9]{1,2}:(memory|cpu|)(,pids)?:/[./a\\-]{0,30}",
            r"1 2 0:1 /[./a0-9\\]{0,9} /[./a0-9\\]{0,9} rw - cgroup2? x (rw,)?memory",
        ];
        proptest::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn what_is_found_lies_below_a_mount(groups in hostile(), mounts in hostile()) {
            let told = Told { groups, mounts };
            let Some(group) = told.first("memory").or_else(|| told.second()) else {
                return Ok(());
            };
            prop_assert!(!group.folders.is_empty() && group.folders.len() <= 64);
            let points: Vec<_> = told.mounts.lines().filter_map(Mount::read).collect();
            let is_below = |folder: &Path, mount: &Mount<'_>| {
                let below = folder.strip_prefix(mount.point());
                below.is_ok_and(|below| below.components().all(|p| matches!(p, Component::Normal(_))))
            };
            for folder in group.folders {
                let found = points.iter().any(|mount| is_below(&folder, mount));
                prop_assert!(found, "{}", folder.display());
            }
        }
    }
}
