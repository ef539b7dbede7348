use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Status;
use crate::error::list;
use crate::error::on_one_line;
use crate::lasting::Changes;
use crate::mask::mask;
use crate::sync::{Mutex, lock};
use crate::timeline::{Happening, Timeline};

/// A status that is forced on a check, for the night when the check itself is wrong.
///
/// While it lasts, probes do not run the check.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use health_core::{Override, Status};
///
/// let tonight = SystemTime::now() + Duration::from_secs(8 * 3600);
/// let forced = Override::new(Status::Healthy, "INC-42: the check uses a wrong port").until(tonight);
/// assert_eq!(forced.expires_at(), Some(tonight));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    status: Status,
    reason: Cow<'static, str>,
    until: Option<SystemTime>,
}

impl Override {
    /// Forces this status until it is taken back. The reason is public; secrets are masked.
    pub fn new(status: Status, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            reason: mask(&reason.into()).into_owned().into(),
            until: None,
        }
    }

    /// Sets when it expires.
    #[must_use]
    pub fn until(mut self, end: SystemTime) -> Self {
        self.until = Some(end);
        self
    }

    /// The status that is forced.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// When it expires.
    pub const fn expires_at(&self) -> Option<SystemTime> {
        self.until
    }

    fn is_over(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// There is no check of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCheck {
    name: String,
    known: Vec<String>,
}

impl UnknownCheck {
    pub(crate) fn new<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        Self {
            name: name.to_owned(),
            known: known.map(str::to_owned).collect(),
        }
    }

    /// The name that is not known.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for UnknownCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = list(self.known.iter().map(String::as_str));
        let text = format!("there is no check `{}`; there are: {known}", self.name);
        f.write_str(&on_one_line(text))
    }
}

impl std::error::Error for UnknownCheck {}

/// The overrides in force, by the name of the check; those of the file apart, so that neither
/// takes back what the other forced.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    forced: Mutex<Forced>,
    timeline: Arc<Timeline>,
    changes: Arc<Changes>,
}

#[derive(Debug, Default)]
struct Forced {
    by_handle: BTreeMap<String, Override>,
    by_file: BTreeMap<String, Override>,
    /// What the timeline was told to be in force.
    told: BTreeMap<String, Override>,
}

impl Forced {
    fn is_nothing(&self) -> bool {
        self.by_handle.is_empty() && self.by_file.is_empty() && self.told.is_empty()
    }

    /// Forgets what the handle forced and is over; the names of those checks.
    fn expire(&mut self, now: SystemTime) -> Vec<String> {
        let mut over = Vec::new();
        self.by_handle.retain(|check, forced| {
            let lasts = !forced.is_over(now);
            if !lasts {
                over.push(check.clone());
            }
            lasts
        });
        over
    }

    /// All that are in force; the handle's outrank the file's.
    fn in_force(&self, now: SystemTime) -> BTreeMap<String, Override> {
        // What expired stays in the file, so it is only not looked at.
        let by_file = self.by_file.iter().filter(|(_, f)| !f.is_over(now));
        let all = by_file.chain(&self.by_handle);
        all.map(|(check, f)| (check.clone(), f.clone())).collect()
    }

    /// What is in force otherwise than was told, and since when.
    fn tell(
        &mut self,
        in_force: &BTreeMap<String, Override>,
        now: SystemTime,
    ) -> Vec<(SystemTime, Happening)> {
        if self.told == *in_force {
            return Vec::new();
        }
        let told = std::mem::replace(&mut self.told, in_force.clone());
        let checks: BTreeSet<_> = told.keys().chain(in_force.keys()).collect();
        let changed = checks
            .into_iter()
            .filter(|c| told.get(*c) != in_force.get(*c));
        let happening = |check: &String| {
            let over = told.get(check).and_then(Override::expires_at);
            let at = over.filter(|over| *over <= now).unwrap_or(now);
            let (check, by) = (check.clone(), in_force.get(check).cloned());
            (at, Happening::Overridden { check, by })
        };
        changed.map(happening).collect()
    }
}

impl Overrides {
    pub(crate) fn new(timeline: &Arc<Timeline>, changes: &Arc<Changes>) -> Self {
        Self {
            forced: Mutex::default(),
            timeline: Arc::clone(timeline),
            changes: Arc::clone(changes),
        }
    }

    pub(crate) fn set(&self, check: &str, forced: Override, now: SystemTime) {
        let is_new = lock(&self.forced).by_handle.get(check) != Some(&forced);
        if is_new {
            log(check, &forced);
            let mut all = lock(&self.forced);
            all.by_handle.insert(check.to_owned(), forced);
            self.changes.count();
            drop(all);
            self.in_force(now);
        }
    }

    /// Whether there was one.
    pub(crate) fn end(&self, check: &str, now: SystemTime) -> bool {
        let ended = lock(&self.forced).by_handle.remove(check).is_some();
        if ended {
            tracing::info!(target: "health", check, "override taken back");
            self.in_force(now);
        }
        ended
    }

    /// Has what the handle forced follow the checks to their new names; `None` is a check that is
    /// gone, and so is one that is not there: it was while somebody forced its status.
    pub(crate) fn follow(&self, names: &BTreeMap<String, Option<String>>) {
        let mut forced = lock(&self.forced);
        let by_handle = std::mem::take(&mut forced.by_handle);
        for (check, by) in by_handle {
            let told = forced.told.remove(&check);
            if let Some(name) = names.get(&check).cloned().flatten() {
                forced.told.extend(told.map(|told| (name.clone(), told)));
                forced.by_handle.insert(name, by);
            }
        }
    }

    /// Replaces all that the file forced.
    pub(crate) fn replace_by_file(&self, forced: &BTreeMap<String, Override>, now: SystemTime) {
        let before = {
            let mut all = lock(&self.forced);
            let before = std::mem::replace(&mut all.by_file, forced.clone());
            self.changes.count();
            before
        };
        for (check, forced) in forced {
            if before.get(check) != Some(forced) {
                log(check, forced);
            }
        }
        for check in before.keys().filter(|check| !forced.contains_key(*check)) {
            tracing::info!(target: "health", check, "override taken back by the file");
        }
        self.in_force(now);
    }

    /// Whether nothing is forced, nor was until lately.
    pub(crate) fn are_none(&self) -> bool {
        lock(&self.forced).is_nothing()
    }

    /// All that are in force at this time. The timeline is told of what changed.
    pub(crate) fn in_force(&self, now: SystemTime) -> BTreeMap<String, Override> {
        let mut forced = lock(&self.forced);
        if forced.is_nothing() {
            return BTreeMap::new();
        }
        let over = forced.expire(now);
        let in_force = forced.in_force(now);
        let happened = forced.tell(&in_force, now).into_iter();
        let bells = happened.map(|(at, what)| self.timeline.tell_operators(at, what));
        let bells: Vec<_> = bells.collect();
        drop(forced);
        drop(bells);
        for check in over {
            tracing::info!(target: "health", check, "override has expired");
        }
        in_force
    }
}

fn log(check: &str, forced: &Override) {
    tracing::warn!(
        target: "health",
        check,
        status = forced.status.as_str(),
        reason = forced.reason(),
        "override: this status is forced, and probes do not run the check"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_handle_outranks_the_file_and_what_is_over_is_not_in_force() {
        let overrides = Overrides::default();
        let now = SystemTime::UNIX_EPOCH;
        let soon = now + Duration::from_secs(1);
        let by_file = Override::new(Status::Degraded, "file");
        overrides.replace_by_file(&[("a".to_owned(), by_file)].into(), now);
        let by_handle = Override::new(Status::Healthy, "handle").until(soon);
        overrides.set("a", by_handle, now);
        let forced = |now| overrides.in_force(now).get("a").map(Override::status);
        assert_eq!(forced(now), Some(Status::Healthy));
        assert_eq!(forced(soon), Some(Status::Degraded), "the handle's is over");
        assert!(!overrides.end("a", now), "it has expired already");
        overrides.replace_by_file(&BTreeMap::new(), now);
        assert_eq!(forced(soon), None);
    }

    #[test]
    fn what_was_forced_while_its_check_got_another_name_is_not_kept_for_ever() {
        let overrides = Overrides::default();
        let now = SystemTime::UNIX_EPOCH;
        overrides.set("old", Override::new(Status::Healthy, "too late"), now);
        overrides.set("other", Override::new(Status::Healthy, "in time"), now);
        let names = [("new", "new"), ("other", "another")];
        let names = names.map(|(from, to)| (from.to_owned(), Some(to.to_owned())));
        overrides.follow(&names.into());
        let kept = overrides.in_force(now);
        assert_eq!(kept.into_keys().collect::<Vec<_>>(), ["another"]);
    }

    #[test]
    fn an_unknown_check_is_told_with_those_that_are_known() {
        let error = UnknownCheck::new("databse", ["cache", "database"].into_iter());
        assert_eq!(
            error.to_string(),
            "there is no check `databse`; there are: `cache`, `database`"
        );
    }
}

#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests {
    use super::*;
    use crate::interleavings::explore;
    use crate::sync::thread;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn by_file() -> BTreeMap<String, Override> {
        BTreeMap::from([("a".to_owned(), Override::new(Status::Degraded, "file"))])
    }

    fn by_handle() -> Override {
        Override::new(Status::Healthy, "handle")
    }

    /// Whatever is said at once, the timeline was told of each change, and last of what is in force.
    fn said_at_once(says: [fn(&Overrides); 2], in_force: &'static [Option<Status>]) {
        explore(3, move || {
            let overrides = Arc::new(Overrides::default());
            overrides.replace_by_file(&by_file(), NOW);
            let threads = says.map(|say| {
                let overrides = Arc::clone(&overrides);
                thread::spawn(move || say(&overrides))
            });
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            let told = overrides.timeline.events();
            let told = told.iter().map(|event| match event.what() {
                Happening::Overridden { by, .. } => by.clone(),
                other => panic!("only overrides are told: {other:?}"),
            });
            let told: Vec<_> = told.collect();
            assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "{told:?}");
            let now = overrides.in_force(NOW).remove("a");
            assert_eq!(told.last(), Some(&now), "the last that was told");
            assert!(in_force.contains(&now.map(|it| it.status())));
        });
    }

    #[test]
    fn a_handle_and_the_file_take_nothing_of_each_other() {
        said_at_once(
            [
                |overrides| overrides.set("a", by_handle(), NOW),
                |overrides| overrides.replace_by_file(&BTreeMap::new(), NOW),
            ],
            &[Some(Status::Healthy)],
        );
    }

    #[test]
    fn two_who_force_and_end_are_told_of_in_their_order() {
        said_at_once(
            [
                |overrides| overrides.set("a", by_handle(), NOW),
                |overrides| {
                    overrides.end("a", NOW);
                },
            ],
            &[Some(Status::Healthy), Some(Status::Degraded)],
        );
    }

    #[test]
    fn who_only_looks_tells_of_nothing_twice() {
        said_at_once(
            [
                |overrides| overrides.replace_by_file(&BTreeMap::new(), NOW),
                |overrides| drop(overrides.in_force(NOW)),
            ],
            &[None],
        );
    }
}
