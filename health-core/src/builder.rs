use std::collections::BTreeMap;
use std::time::Duration;

use crate::context::StateMap;
use crate::engine::{Engine, Runtime};
use crate::error::Mistake;
use crate::health::Health;
use crate::registry::{self, A_DAY, Change, LINKING};
use crate::{BuildError, Check, Location, Probe};

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
    required: BTreeMap<String, Location>,
    state: StateMap,
    runtime: Runtime,
    deadline: Duration,
    mistakes: Vec<Mistake>,
}

impl HealthBuilder {
    /// How long a whole probe may take where nothing else is said.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

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
            required: BTreeMap::new(),
            state: StateMap::default(),
            runtime: Runtime::default(),
            deadline: Self::DEFAULT_DEADLINE,
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

    /// Where checks run and what time it is. Default: [`Runtime::threads`].
    pub fn runtime(mut self, runtime: Runtime) -> Self {
        self.runtime = runtime;
        self
    }

    /// Validates everything as a whole.
    ///
    /// # Errors
    /// Every mistake at once, each with its place and how to mend it.
    pub fn build(self) -> Result<Health, BuildError> {
        let Self {
            linked,
            mut checks,
            changes,
            required,
            state,
            runtime,
            deadline,
            mut mistakes,
        } = self;
        if linked {
            checks.extend(registry::linked());
        }
        let found_none = checks.is_empty();
        for change in changes {
            mistakes.extend(change.apply(&mut checks).err());
        }
        let checks = registry::validate(checks, &state, &required, &mut mistakes);
        BuildError::unless_empty(mistakes)?;
        if linked && found_none {
            tracing::warn!(
                target: "health",
                "no health check was found, so every probe passes; {LINKING}"
            );
        }
        let engine = Engine::new(checks, state, runtime, deadline);
        warn_of_surprises(&engine);
        Ok(Health::new(engine, false))
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

/// What works as asked for, but not as most expect.
fn warn_of_surprises(engine: &Engine) {
    if cfg!(panic = "abort") && engine.checks().len() > 0 {
        tracing::warn!(
            target: "health",
            "built with panic = \"abort\": a check that panics ends the process"
        );
    }
    for probe in Probe::ALL {
        let longest = engine.longest(probe);
        if longest <= Duration::from_millis(900) {
            continue;
        }
        let seconds = (longest + Duration::from_millis(100)).as_secs_f64().ceil();
        tracing::warn!(
            target: "health",
            "a {probe} probe may take {} ms, but kubelet waits 1 s unless told otherwise: set \
             timeoutSeconds: {seconds} on it",
            longest.as_millis()
        );
    }
}
