use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::HealthConfig;
use crate::context::StateMap;
use crate::dependencies::Gone;
use crate::engine::{Engine, Options, Runtime};
use crate::error::Mistake;
use crate::health::Health;
use crate::plan::Plan;
use crate::registry::{self, Change, LINKING};
use crate::settings::A_DAY;
use crate::surprises;
use crate::{BuildError, Check, Location, Observer};

/// Puts a [`Health`] together.
///
/// ```standalone_crate
/// use health_core::{Check, Health};
///
/// struct Pool;
///
/// let health = Health::builder()
///     .state(Pool)
///     .check(Check::new("cache", async || true).readiness())
///     .require(["cache"])
///     .build()?;
/// # Ok::<(), health_core::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct HealthBuilder {
    linked: bool,
    checks: Vec<Check>,
    changes: Vec<Change>,
    config: Option<HealthConfig>,
    required: BTreeMap<String, Location>,
    state: StateMap,
    runtime: Runtime,
    deadline: Duration,
    concurrency: Option<usize>,
    remembered: usize,
    observers: Observers,
    gates: Vec<String>,
    override_file: Option<PathBuf>,
    mistakes: Vec<Mistake>,
}

#[derive(Default)]
struct Observers(Vec<Arc<dyn Observer>>);

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}

impl HealthBuilder {
    /// How long a whole probe may take where nothing else is said.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

    /// How many runs of each check are remembered where nothing else is said.
    pub const DEFAULT_HISTORY: usize = 20;

    /// A builder that knows every annotated function linked into the program.
    pub(crate) fn linked() -> Self {
        Self {
            linked: true,
            ..Self::empty()
        }
    }

    /// A builder without the annotated functions, for tests: it knows what it is given.
    pub fn empty() -> Self {
        Self {
            linked: false,
            checks: Vec::new(),
            changes: Vec::new(),
            config: None,
            required: BTreeMap::new(),
            state: StateMap::default(),
            runtime: Runtime::default(),
            deadline: Self::DEFAULT_DEADLINE,
            concurrency: None,
            remembered: Self::DEFAULT_HISTORY,
            observers: Observers::default(),
            gates: Vec::new(),
            override_file: None,
            mistakes: Vec::new(),
        }
    }

    /// Provides the value for arguments of type [`State<T>`](crate::State).
    #[track_caller]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        if !self.state.insert(value) {
            self.mistakes.push(Mistake::new(format!(
                "the builder was given a second value of type `{}` at {}; wrap one in a type of \
                 its own",
                std::any::type_name::<T>(),
                Location::caller()
            )));
        }
        self
    }

    /// Provides shared data of a web framework, such as `web::Data<T>`, where no request brings
    /// it: on a management port, or on the command line.
    #[track_caller]
    pub fn data<D: Send + Sync + 'static>(self, data: D) -> Self {
        self.state(data)
    }

    /// Adds a check made at run time.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Demands that checks of these names are there: linked in, or added.
    #[track_caller]
    pub fn require<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let place = Location::caller();
        self.required
            .extend(names.into_iter().map(|name| (name.into(), place)));
        self
    }

    /// Leaves out the check with this identity (`module::path::function`), or with this name if
    /// one check only has it.
    #[track_caller]
    pub fn exclude(mut self, check: impl Into<String>) -> Self {
        self.changes.push(Change::exclude(check.into()));
        self
    }

    /// Changes the name of the check with this identity (`module::path::function`), or with this
    /// name if one check only has it.
    #[track_caller]
    pub fn rename(mut self, check: impl Into<String>, name: impl Into<String>) -> Self {
        self.changes.push(Change::rename(check.into(), name.into()));
        self
    }

    /// Adds the annotated functions that have these names, or these identities
    /// (`module::path::function`), to a builder that is empty otherwise.
    #[cfg(feature = "testing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
    #[track_caller]
    pub fn annotated<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let place = Location::caller();
        for name in names {
            let name = name.into();
            let found: Vec<_> = registry::linked()
                .filter(|check| check.name() == name || check.identity() == name)
                .collect();
            if found.is_empty() {
                self.mistakes.push(Mistake::new(format!(
                    "there is no annotated function `{name}`, asked for at {place}; {LINKING}"
                )));
            }
            self.checks.extend(found);
        }
        self
    }

    /// Has the check with this identity (`module::path::function`), or with this name if one
    /// check only has it, do something else; all that is said of it stays as it is.
    #[cfg(feature = "testing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
    #[track_caller]
    pub fn replace<F, Fut>(mut self, check: impl Into<String>, fake: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output: crate::IntoOutcome> + Send + 'static,
    {
        let fake = Check::new("fake", fake);
        self.changes.push(Change::replace(check.into(), fake));
        self
    }

    /// Changes checks as a configuration says, after what the builder itself says of them. For the
    /// running process there is [`Health::apply`].
    #[track_caller]
    pub fn config(mut self, config: HealthConfig) -> Self {
        if self.config.replace(config).is_some() {
            let place = Location::caller();
            self.mistakes.push(Mistake::new(format!(
                "the builder was given a second configuration at {place}; put both into one"
            )));
        }
        self
    }

    /// How long a whole probe may take, whatever its checks say. Default: 5 s.
    #[track_caller]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        if deadline.is_zero() || deadline > A_DAY {
            let place = Location::caller();
            self.mistakes.push(Mistake::new(format!(
                "a probe deadline of {deadline:?}, set at {place}, makes no sense; it must be \
                 above 0 and at most a day"
            )));
        }
        self.deadline = deadline;
        self
    }

    /// At most how many runs are under way at once, over all checks. Others wait for their turn;
    /// that counts towards their timeout, and a timeout says so. A run that is overdue makes room
    /// for the next one, even if it has not ended. Default: no limit.
    #[track_caller]
    pub fn concurrency(mut self, most: usize) -> Self {
        if most == 0 {
            let place = Location::caller();
            self.mistakes.push(Mistake::new(format!(
                "a concurrency of 0, set at {place}, lets nothing run; it must be at least 1"
            )));
        }
        self.concurrency = Some(most);
        self
    }

    /// How many runs of each check, and of each of its children, are remembered, for
    /// [`Health::history`]; at most 10,000.
    /// Default: 20.
    #[track_caller]
    pub fn history(mut self, runs: usize) -> Self {
        if runs > 10_000 {
            let place = Location::caller();
            self.mistakes.push(Mistake::new(format!(
                "a history of {runs} runs, set at {place}, is too long; it must be at most 10000"
            )));
        }
        self.remembered = runs;
        self
    }

    /// Adds an observer of runs and transitions. It gets a thread of its own, or, with
    /// [`Runtime::current`], a task.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.0.push(Arc::new(observer));
        self
    }

    /// Declares a startup gate: startup and readiness fail until it is opened with
    /// [`Health::startup_gate`].
    pub fn startup_gate(mut self, name: impl Into<String>) -> Self {
        self.gates.push(name.into());
        self
    }

    /// Reads overrides from a file, again every two seconds while the process runs: for the night
    /// when a check itself is wrong, and nothing can be deployed. The file need not exist.
    ///
    /// A line forces the status of one check, until a time (RFC 3339) or until the line is gone;
    /// what follows `#` is the reason, which is public:
    ///
    /// ```text
    /// database healthy until 2026-11-22T06:00:00Z  # INC-42: the check uses a wrong port
    /// ```
    ///
    /// A line with a mistake is logged, once, and has no effect; the others have.
    pub fn override_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.override_file = Some(path.into());
        self
    }

    /// Where checks run and what time it is. Default: [`Runtime::threads`].
    pub fn runtime(mut self, runtime: Runtime) -> Self {
        self.runtime = runtime;
        self
    }

    /// Validates everything as a whole, and starts the schedules of checks that have an interval.
    ///
    /// # Errors
    /// Every mistake at once, each with its place and how to mend it.
    pub fn build(mut self) -> Result<Health, BuildError> {
        if self.linked {
            self.checks.extend(registry::linked());
        }
        let found_none = self.checks.is_empty();
        let mut excluded = Gone::default();
        for change in self.changes {
            let mistake = change.apply(&mut self.checks, &mut excluded).err();
            self.mistakes.extend(mistake);
        }
        let mut plan = Plan::new(self.checks, excluded);
        if let Some(Err(mistakes)) = self.config.map(|config| plan.configure(&config)) {
            self.mistakes.extend(mistakes);
        }
        let prerequisites = plan.validate(&self.state, &mut self.mistakes);
        plan.require(&self.required, &mut self.mistakes);
        BuildError::unless_empty(self.mistakes)?;
        if self.linked && found_none {
            tracing::warn!(
                target: "health",
                "no health check was found, so every probe passes; {LINKING}"
            );
        }
        let options = Options {
            state: self.state,
            runtime: self.runtime,
            deadline: self.deadline,
            concurrency: self.concurrency,
            remembered: self.remembered,
        };
        let engine = Engine::new(plan, prerequisites, options);
        surprises::warn(&engine);
        for gate in &self.gates {
            engine.lifecycle().gates.declare(gate);
        }
        for observer in self.observers.0 {
            engine.observe(observer);
        }
        Ok(Health::start(engine, self.override_file))
    }

    /// Builds, and where there are mistakes logs them once and goes on without a check: liveness
    /// then passes, readiness and startup fail as misconfigured.
    pub fn build_or_misconfigured(self) -> Health {
        self.build().unwrap_or_else(|error| {
            tracing::error!(target: "health", "{error}");
            Health::misconfigured()
        })
    }
}
