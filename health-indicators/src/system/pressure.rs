//! For how much of the time the container waits for CPU, memory or I/O: pressure stall information.

use health_core::{Check, Outcome, Status};

use crate::failure::Failure;
use crate::measured::Measured;
use crate::system::files::Files;
use crate::system::group::Group;
use crate::system::parse::stalled;
use crate::system::share::Limits;
use crate::system::{self, not_known};

/// Looks how long the container waits. See [`Pressure`] for what it says.
///
/// ```
/// use health_core::{Outcome, health_check};
/// use health_indicators::system::pressure;
///
/// /// The container gets what it needs.
/// #[health_check(kind = "readiness")]
/// async fn resources() -> Outcome {
///     pressure::look()
/// }
/// ```
pub fn look() -> Outcome {
    Pressure::default().look()
}

/// A check of the name `pressure` that does what [`look`] does, with a timeout of
/// [`TIMEOUT`](super::TIMEOUT). It serves no probe until told which.
#[track_caller]
pub fn check() -> Check {
    Pressure::default().check()
}

/// What the container waits for, for how many per cent of the time, as the kernel tells in
/// `cpu.pressure`, `memory.pressure` and `io.pressure` of its group (version 2), or else for the
/// whole host in `/proc/pressure`.
///
/// By [default](Self::default) the average of a minute is degraded
///
/// - from 20 %, and unhealthy from 60 %, of the time in which all tasks wait for memory: at 60 %
///   systemd-oomd begins to kill (`DefaultMemoryPressureLimit`);
/// - from 60 % of the time in which all tasks wait for I/O;
/// - from 80 % of the time in which some task waits for a CPU.
///
/// | public message | when |
/// |---|---|
/// | `all tasks waited for memory in 70 % of the last minute, 60 % or more` | a limit is reached |
/// | `no file descriptor is left` | so nothing can be read |
/// | `not known on this system` | it is not Linux, or its kernel does not tell; healthy |
///
/// Measured values: `memory_some_avg10`, `memory_some_avg60`, `memory_full_avg10`,
/// `memory_full_avg60`, and the same of `cpu` and `io`, in per cent; `pressure_of` (`container` or
/// `host`).
///
/// ```
/// use health_indicators::system::pressure::{Limit, Pressure, Resource, Tasks, Window};
///
/// let check = Pressure::none()
///     .with_limit(
///         Limit::of(Resource::Io, Tasks::Some, Window::TenSeconds)
///             .with_degraded_from_percent(30.0)
///             .with_unhealthy_from_percent(90.0),
///     )
///     .check()
///     .readiness();
/// ```
#[derive(Clone, Debug)]
pub struct Pressure {
    limits: Vec<Limit>,
    files: Files,
}

/// What tasks wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// A CPU to run on.
    Cpu,
    /// Memory: for what has to be read again, written out, or taken from others first.
    Memory,
    /// A disk.
    Io,
}

impl Resource {
    const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Io];

    const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Io => "io",
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Cpu => "a CPU",
            Self::Memory => "memory",
            Self::Io => "I/O",
        }
    }
}

/// How many tasks wait at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "the kernel tells of these two")]
pub enum Tasks {
    /// At least one, while others may get on: things take longer.
    Some,
    /// All that have anything to do: nothing gets on.
    All,
}

impl Tasks {
    const BOTH: [Self; 2] = [Self::Some, Self::All];

    const fn name(self) -> &'static str {
        match self {
            Self::Some => "some",
            Self::All => "full",
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Some => "some task",
            Self::All => "all tasks",
        }
    }
}

/// Of which time the average is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Window {
    /// The last ten seconds.
    TenSeconds,
    /// The last minute.
    Minute,
}

impl Window {
    const ALL: [Self; 2] = [Self::TenSeconds, Self::Minute];

    const fn name(self) -> &'static str {
        match self {
            Self::TenSeconds => "avg10",
            Self::Minute => "avg60",
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::TenSeconds => "last 10 s",
            Self::Minute => "last minute",
        }
    }
}

/// From when waiting is too long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    of: Source,
    limits: Limits,
}

/// Which of the averages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Source {
    resource: Resource,
    tasks: Tasks,
    window: Window,
}

impl Limit {
    /// One that is never reached until told from where.
    pub const fn of(resource: Resource, tasks: Tasks, window: Window) -> Self {
        Self {
            of: Source {
                resource,
                tasks,
                window,
            },
            limits: Limits {
                degraded: Limits::NEVER,
                unhealthy: Limits::NEVER,
            },
        }
    }

    /// From how many per cent of the time it is degraded. Default: never.
    #[must_use]
    pub const fn with_degraded_from_percent(mut self, percent: f64) -> Self {
        self.limits.degraded = percent;
        self
    }

    /// From how many per cent of the time it is unhealthy. Default: never.
    #[must_use]
    pub const fn with_unhealthy_from_percent(mut self, percent: f64) -> Self {
        self.limits.unhealthy = percent;
        self
    }

    fn judge(&self, percent: f64) -> Outcome {
        self.limits.judge(percent, |limit| {
            let (who, what) = (self.of.tasks.in_words(), self.of.resource.in_words());
            let when = self.of.window.in_words();
            format!("{who} waited for {what} in {percent} % of the {when}, {limit} % or more")
        })
    }
}

impl Default for Pressure {
    fn default() -> Self {
        let minute = |resource, tasks| Limit::of(resource, tasks, Window::Minute);
        Self::none()
            .with_limit(
                minute(Resource::Memory, Tasks::All)
                    .with_degraded_from_percent(20.0)
                    .with_unhealthy_from_percent(60.0),
            )
            .with_limit(minute(Resource::Io, Tasks::All).with_degraded_from_percent(60.0))
            .with_limit(minute(Resource::Cpu, Tasks::Some).with_degraded_from_percent(80.0))
    }
}

impl Pressure {
    /// Without limits: it is measured only.
    pub fn none() -> Self {
        Self {
            limits: Vec::new(),
            files: Files::default(),
        }
    }

    /// With this limit, instead of another for the same.
    #[must_use]
    pub fn with_limit(mut self, limit: Limit) -> Self {
        self.limits.retain(|other| other.of != limit.of);
        self.limits.push(limit);
        self
    }

    /// Looks.
    pub fn look(&self) -> Outcome {
        match Found::read(&self.files) {
            Ok(found) => self.told(&found),
            Err(failure) => failure.into(),
        }
    }

    /// A check of the name `pressure`, with a timeout of [`TIMEOUT`](super::TIMEOUT). It serves no
    /// probe until told which.
    #[track_caller]
    pub fn check(self) -> Check {
        system::check("pressure", move || self.look())
    }

    /// The worst that any limit says; the first of those.
    fn told(&self, found: &Found) -> Outcome {
        if found.averages.is_empty() {
            return not_known();
        }
        let mut worst = Outcome::new(Status::Healthy);
        for limit in &self.limits {
            let outcome = found.of(limit.of).map(|percent| limit.judge(percent));
            if let Some(outcome) = outcome.filter(|outcome| outcome.status() > worst.status()) {
                worst = outcome;
            }
        }
        found.measured().told(Ok(worst))
    }
}

#[derive(Debug, Default)]
struct Found {
    averages: Vec<(Source, f64)>,
    of_container: bool,
}

impl Found {
    fn read(files: &Files) -> Result<Self, Failure> {
        let group = Group::unified(files)?;
        let own = group.and_then(|group| group.folders.into_iter().next());
        let mut found = Self::default();
        for resource in Resource::ALL {
            let name = resource.name();
            let text = match &own {
                Some(folder) => files.text(folder.join(format!("{name}.pressure")))?,
                None => None,
            };
            found.of_container |= text.is_some();
            let text = match text {
                Some(text) => text,
                None => files
                    .text(format!("/proc/pressure/{name}"))?
                    .unwrap_or_default(),
            };
            found.add(resource, &text);
        }
        Ok(found)
    }

    fn add(&mut self, resource: Resource, text: &str) {
        for (tasks, window) in Tasks::BOTH
            .map(|t| Window::ALL.map(|w| (t, w)))
            .into_iter()
            .flatten()
        {
            let of = Source {
                resource,
                tasks,
                window,
            };
            let average = stalled(text, tasks.name(), window.name());
            self.averages.extend(average.map(|average| (of, average)));
        }
    }

    fn of(&self, source: Source) -> Option<f64> {
        let mut averages = self.averages.iter();
        averages
            .find(|(of, _)| *of == source)
            .map(|(_, average)| *average)
    }

    fn measured(&self) -> Measured {
        let mut measured = Measured::default();
        for (of, average) in &self.averages {
            measured.add(of.name(), *average);
        }
        let whose = if self.of_container {
            "container"
        } else {
            "host"
        };
        measured.add("pressure_of", whose);
        measured
    }
}

impl Source {
    fn name(self) -> String {
        let (resource, tasks, window) = (self.resource, self.tasks, self.window);
        format!("{}_{}_{}", resource.name(), tasks.name(), window.name())
    }
}

#[cfg(test)]
mod tests {
    use health_core::Value;

    use super::*;
    use crate::system::fixture::{Tree, told, value};

    fn text(some: f64, full: f64) -> String {
        format!(
            "some avg10=0.00 avg60={some:.2} avg300=0.00 total=1\n\
             full avg10=0.00 avg60={full:.2} avg300=0.00 total=1\n"
        )
    }

    fn look(tree: &Tree) -> Outcome {
        let pressure = Pressure {
            files: tree.files(),
            ..Pressure::default()
        };
        pressure.look()
    }

    #[test]
    fn the_worst_limit_is_told() {
        let mut tree = Tree::second("/web");
        assert_eq!(told(&look(&tree)), "healthy: not known on this system");
        tree.add("proc/pressure/io", &text(99.0, 70.0));
        let outcome = look(&tree);
        let io = "degraded: all tasks waited for I/O in 70 % of the last minute, 60 % or more";
        assert_eq!(told(&outcome), io);
        assert_eq!(value(&outcome, "pressure_of"), Some("host".into()));
        tree.add("sys/fs/cgroup/web/memory.pressure", &text(70.0, 60.5));
        let outcome = look(&tree);
        let memory = "unhealthy: all tasks waited for memory in 60.5 % of the last minute, 60 % or \
                      more";
        assert_eq!(told(&outcome), memory);
        assert_eq!(value(&outcome, "pressure_of"), Some("container".into()));
        assert_eq!(
            value(&outcome, "memory_some_avg60"),
            Some(Value::Float(70.0))
        );
        tree.add("sys/fs/cgroup/web/memory.pressure", &text(70.0, 1.0));
        tree.add("sys/fs/cgroup/web/io.pressure", &text(70.0, 1.0));
        tree.add("sys/fs/cgroup/web/cpu.pressure", &text(79.0, 0.0));
        assert_eq!(told(&look(&tree)), "healthy: ");
        tree.add("sys/fs/cgroup/web/cpu.pressure", &text(80.0, 0.0));
        let cpu = "degraded: some task waited for a CPU in 80 % of the last minute, 80 % or more";
        assert_eq!(told(&look(&tree)), cpu);
    }

    #[test]
    fn a_limit_replaces_the_one_for_the_same() {
        let limit = Limit::of(Resource::Cpu, Tasks::Some, Window::Minute);
        let pressure = Pressure::default().with_limit(limit);
        assert_eq!(pressure.limits.len(), 3);
        assert_eq!(pressure.limits[2], limit);
        assert_eq!(limit.judge(100.0).status(), Status::Healthy);
    }
}
