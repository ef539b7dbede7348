//! Changes of the checks while the process runs.

use std::sync::Arc;

use crate::plan::Plan;
use crate::surprises;
use crate::{BuildError, Change, Check, Happening, Health, HealthConfig, Mistake};

/// While the process runs, checks come and go, and other things are said of them: each change is
/// validated with all checks as a whole, and made whole or not at all. Probes that are under way
/// are answered by the checks as they were. What is known of a check that changes is kept: its last
/// result, its runs in a row, its history, its latch, and what was forced.
impl Health {
    /// Adds a check, as [`HealthBuilder::check`](crate::HealthBuilder::check) does before the
    /// start; its schedule, if it has one, begins.
    ///
    /// Nothing passes that was never seen to pass: a critical startup check that is added holds
    /// readiness back until it has passed.
    /// A configuration that was applied before says nothing of it; apply it again.
    ///
    /// # Errors
    /// Every mistake at once; the check is not added then.
    ///
    /// ```
    /// # use health_core::{BuildError, Check, HealthBuilder};
    /// # fn main() -> Result<(), BuildError> {
    /// let health = HealthBuilder::empty().build()?;
    /// health.register(Check::new("tenant.acme", async || true).readiness())?;
    /// health.disable("tenant.acme")?;
    /// health.remove("tenant.acme")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn register(&self, check: Check) -> Result<(), BuildError> {
        let check = Arc::new(check);
        self.change(|plan| {
            plan.add(Arc::clone(&check));
            Ok(())
        })?;
        tracing::info!(target: "health", check = check.name(), "check registered");
        self.note(check.name(), Change::Registered);
        surprises::warn_of(&check);
        Ok(())
    }

    /// Removes a check. Checks that depend on it do without. A run that is under way is left to
    /// its end, which changes nothing; a check of the same name that is registered meanwhile is
    /// another one, and may run beside it. To switch one off for a while,
    /// [`disable`](Self::disable) it.
    ///
    /// # Errors
    /// If there is no check of this name.
    pub fn remove(&self, check: &str) -> Result<(), BuildError> {
        self.change(|plan| plan.remove(check))?;
        tracing::info!(target: "health", check, "check removed");
        self.note(check, Change::Removed);
        Ok(())
    }

    /// Gives a check another name. What was forced on it by handle follows; an override file has
    /// to use the new name.
    ///
    /// # Errors
    /// If there is no check of this name, or the new name cannot be one or is taken.
    pub fn rename(&self, check: &str, name: &str) -> Result<(), BuildError> {
        self.change(|plan| plan.rename(check, name))?;
        tracing::info!(target: "health", check, name, "check renamed");
        self.note(check, Change::Renamed(name.to_owned()));
        Ok(())
    }

    /// Switches a check off: nothing runs it, and it counts for nothing. It stays in reports, as
    /// healthy because it is disabled, whatever was forced; who depends on it runs; startup does not
    /// wait for it. A run that is under way is left to its end, which changes nothing.
    ///
    /// # Errors
    /// If there is no check of this name.
    pub fn disable(&self, check: &str) -> Result<(), BuildError> {
        self.change(|plan| plan.set_disabled(check, true))?;
        tracing::info!(target: "health", check, "check disabled");
        self.note(check, Change::Disabled);
        Ok(())
    }

    /// Switches a check on again. It begins anew: nothing is known of it, except that it has
    /// passed, if it ever has.
    ///
    /// # Errors
    /// If there is no check of this name.
    pub fn enable(&self, check: &str) -> Result<(), BuildError> {
        self.change(|plan| plan.set_disabled(check, false))?;
        tracing::info!(target: "health", check, "check enabled");
        self.note(check, Change::Enabled);
        Ok(())
    }

    /// Has all checks as the code has them, but for what this configuration says: what an earlier
    /// configuration said, and [`rename`](Self::rename), [`disable`](Self::disable) and
    /// [`enable`](Self::enable), holds no more.
    ///
    /// # Errors
    /// Every mistake at once, those of the configuration and those that it would make of the checks
    /// as a whole; everything stays as it was then.
    ///
    /// ```
    /// # use health_core::{Check, HealthBuilder, HealthConfig};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = Check::new("database", async || ()).readiness();
    /// let health = HealthBuilder::empty().check(check).build()?;
    /// let config = r#"{ "checks": { "database": { "timeout_ms": 500 } } }"#;
    /// health.apply(&serde_json::from_str(config)?)?;
    /// assert_eq!(health.checks()[0].timeout().as_millis(), 500);
    ///
    /// let config = r#"{ "checks": { "databse": { "enabled": false } } }"#;
    /// let error = health.apply(&serde_json::from_str(config)?).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `database`?"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply(&self, config: &HealthConfig) -> Result<(), BuildError> {
        self.change(|plan| plan.configure(config))?;
        tracing::info!(target: "health", disabled = ?self.disabled(), "configuration applied");
        self.tell(Happening::Configured);
        Ok(())
    }

    /// The names of the checks that are disabled, sorted.
    pub fn disabled(&self) -> Vec<String> {
        self.0.engine.disabled()
    }

    fn note(&self, check: &str, change: Change) {
        let check = check.to_owned();
        self.tell(Happening::Changed { check, change });
    }

    fn tell(&self, what: Happening) {
        let timeline = &self.0.engine.lifecycle().timeline;
        drop(timeline.tell_operators(self.wall_clock(), what));
    }

    fn change(
        &self,
        edit: impl Fn(&mut Plan) -> Result<(), Vec<Mistake>>,
    ) -> Result<(), BuildError> {
        let engine = &self.0.engine;
        let longest = surprises::longest(engine);
        engine.change(edit)?;
        surprises::warn_of_longer(engine, longest);
        Ok(())
    }
}
