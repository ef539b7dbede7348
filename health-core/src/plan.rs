//! The checks as they are to be: changed, and validated as a whole, before they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Configured, HealthConfig};
use crate::context::StateMap;
use crate::dependencies::{self, Gone};
use crate::error::Mistake;
use crate::overrides::UnknownCheck;
use crate::registry::{duplicates, missing, mistakes_of, twins};
use crate::{Check, Location};

/// All checks as they are to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) checks: Vec<Planned>,
    /// What was left out: those who depend on it do without.
    pub(crate) excluded: Gone,
}

/// A check as it is to be.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// As the code has it, without configuration.
    pub(crate) base: Arc<Check>,
    pub(crate) check: Arc<Check>,
    pub(crate) disabled: bool,
    /// Its place among the checks that there are already.
    pub(crate) origin: Option<usize>,
}

impl Planned {
    pub(crate) fn new(check: Arc<Check>) -> Self {
        Self {
            base: Arc::clone(&check),
            check,
            disabled: false,
            origin: None,
        }
    }

    fn configure(&mut self, configured: Configured) {
        self.disabled = configured.disabled;
        if !self.check.is_said_to_be_as(&configured.check) {
            self.check = configured.check;
        }
    }

    /// Whether nothing else is said of the check.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.check, &other.check) && self.disabled == other.disabled
    }
}

impl Plan {
    pub(crate) fn new(checks: Vec<Check>, excluded: Gone) -> Self {
        Self {
            checks: checks.into_iter().map(Arc::new).map(Planned::new).collect(),
            excluded,
        }
    }

    pub(crate) fn add(&mut self, check: Arc<Check>) {
        self.checks.push(Planned::new(check));
    }

    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Vec<Mistake>> {
        let index = self.find(name)?;
        self.excluded.add(&self.checks.remove(index).check);
        Ok(())
    }

    pub(crate) fn rename(&mut self, name: &str, new: &str) -> Result<(), Vec<Mistake>> {
        let index = self.find(name)?;
        Arc::make_mut(&mut self.checks[index].check).name = new.to_owned().into();
        Ok(())
    }

    pub(crate) fn set_disabled(&mut self, name: &str, disabled: bool) -> Result<(), Vec<Mistake>> {
        let index = self.find(name)?;
        self.checks[index].disabled = disabled;
        Ok(())
    }

    /// Has all checks as the code has them, but for what this configuration says.
    pub(crate) fn configure(&mut self, config: &HealthConfig) -> Result<(), Vec<Mistake>> {
        let bases = self.checks.iter().map(|planned| Arc::clone(&planned.base));
        let configured = config.apply(&bases.collect::<Vec<_>>())?;
        let both = self.checks.iter_mut().zip(configured);
        both.for_each(|(planned, configured)| planned.configure(configured));
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, Vec<Mistake>> {
        let names = || self.checks.iter().map(|planned| planned.check.name());
        let found = names().position(|known| known == name);
        found.ok_or_else(|| vec![Mistake::new(UnknownCheck::new(name, names()).to_string())])
    }

    /// Notes which of the checks that have to be linked in, or added, are not there; by the names
    /// that they have now or in the code.
    pub(crate) fn require(
        &self,
        required: &BTreeMap<String, Location>,
        mistakes: &mut Vec<Mistake>,
    ) {
        let names = self.checks.iter();
        let names = names.flat_map(|planned| [planned.check.name(), planned.base.name()]);
        mistakes.extend(missing(&names.collect(), required));
    }

    /// Sorts the checks by name and finds everything that is wrong with them; returns for each the
    /// places of those that it depends on.
    pub(crate) fn validate(
        &mut self,
        state: &StateMap,
        mistakes: &mut Vec<Mistake>,
    ) -> Vec<Vec<usize>> {
        self.checks
            .sort_by(|a, b| order(&a.check).cmp(&order(&b.check)));
        let checks: Vec<&Check> = self.checks.iter().map(|planned| &*planned.check).collect();
        self.excluded.keep_needed(&checks);
        for check in &checks {
            mistakes.extend(mistakes_of(check, state));
        }
        mistakes.extend(duplicates(&checks));
        mistakes.extend(twins(&checks));
        dependencies::resolve(&checks, &self.excluded, mistakes)
    }
}

fn order(check: &Check) -> (&str, Location) {
    (check.name(), check.location())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_checks_that_come_and_go_what_others_need_is_remembered_once() {
        let dependent = Check::new("dependent", async || ()).with_depends_on("network");
        let mut plan = Plan::new(vec![dependent.readiness()], Gone::default());
        let mut mistakes = Vec::new();
        for number in 0..100 {
            let mut check = Check::new(format!("n{number}"), async || ()).readiness();
            check.name = "network".into();
            plan.add(Arc::new(check));
            plan.validate(&StateMap::default(), &mut mistakes);
            plan.remove("network").expect("it was added");
            plan.validate(&StateMap::default(), &mut mistakes);
        }
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(plan.excluded, Gone::of(["network"]));
    }
}
