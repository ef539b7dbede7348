use std::time::Duration;

use crate::bind::BindFn;
use crate::settings::Settings;
use crate::{Location, Probe, Visibility};

/// An annotated function, as the attribute submits it at link time: what the user wrote, and
/// nothing else.
#[derive(Debug)]
pub struct Descriptor {
    pub(crate) source: Source,
    pub(crate) name: &'static str,
    pub(crate) settings: Settings,
    pub(crate) tags: &'static [&'static str],
    pub(crate) depends_on: &'static [&'static str],
    pub(crate) liveness_reason: &'static str,
    pub(crate) bind: BindFn,
}

/// Where a function stands, and what is written about it.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The function's name.
    pub function: &'static str,
    /// The path of its module.
    pub module: &'static str,
    /// The file, as the compiler was given it.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// The doc comment.
    pub description: &'static str,
}

impl Source {
    pub(crate) const fn location(&self) -> Location {
        Location {
            file: self.file,
            line: self.line,
        }
    }
}

macro_rules! spans {
    ($($argument:ident => $field:ident),* $(,)?) => {$(
        /// A number of milliseconds.
        pub const fn $argument(mut self, ms: u64) -> Self {
            self.settings.$field = Some(Duration::from_millis(ms));
            self
        }
    )*};
}

/// One method for each argument of the attribute, of the same name.
impl Descriptor {
    /// A function of which nothing is said.
    pub const fn new(source: Source, bind: BindFn) -> Self {
        Self {
            source,
            name: source.function,
            settings: Settings::new(),
            tags: &[],
            depends_on: &[],
            liveness_reason: "",
            bind,
        }
    }

    /// One of the probes.
    pub const fn kind(mut self, probe: Probe) -> Self {
        self.settings.probes = self.settings.probes.with(probe);
        self
    }

    /// The name, if it is not the function's.
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// A number of milliseconds.
    pub const fn timeout_ms(mut self, ms: u64) -> Self {
        self.settings.timeout = Duration::from_millis(ms);
        self
    }

    spans! {
        cancel_after_ms => cancel_after,
        degraded_after_ms => degraded_after,
        cache_ms => cache,
        cache_failure_ms => cache_failure,
        interval_ms => interval,
        initial_delay_ms => initial_delay,
        down_interval_ms => down_interval,
        stale_after_ms => stale_after,
        fail_closed_after_ms => fail_closed_after,
    }

    /// Whether intervals vary.
    pub const fn jitter(mut self, jitter: bool) -> Self {
        self.settings.jitter = Some(jitter);
        self
    }

    /// A number of runs.
    pub const fn failure_threshold(mut self, runs: u32) -> Self {
        self.settings.failure_threshold = runs;
        self
    }

    /// A number of runs.
    pub const fn success_threshold(mut self, runs: u32) -> Self {
        self.settings.success_threshold = runs;
        self
    }

    /// Whether its failure fails the probe.
    pub const fn critical(mut self, critical: bool) -> Self {
        self.settings.critical = critical;
        self
    }

    /// Whether all replicas share what it checks.
    pub const fn shared(mut self, shared: bool) -> Self {
        self.settings.shared = shared;
        self
    }

    /// Who is told that there is such a check.
    pub const fn visibility(mut self, visibility: Visibility) -> Self {
        self.settings.visibility = visibility;
        self
    }

    /// The timeout for one probe, in milliseconds.
    pub const fn timeout_ms_for(mut self, probe: Probe, ms: u64) -> Self {
        self.settings.own[probe as usize].timeout = Some(Duration::from_millis(ms));
        self
    }

    /// Whether its failure fails this probe.
    pub const fn critical_for(mut self, probe: Probe, critical: bool) -> Self {
        self.settings.own[probe as usize].critical = Some(critical);
        self
    }

    /// The tags.
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// Why it serves liveness, though it asks something outside of the process.
    pub const fn liveness_reason(mut self, why: &'static str) -> Self {
        self.liveness_reason = why;
        self
    }

    /// The names of its prerequisites.
    pub const fn depends_on(mut self, names: &'static [&'static str]) -> Self {
        self.depends_on = names;
        self
    }
}

inventory::collect!(Descriptor);
