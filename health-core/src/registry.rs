//! All checks of a process: collected, changed as the builder says, validated as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::Check;
use crate::check::is_valid_name;
use crate::context::StateMap;
use crate::descriptor::Descriptor;
use crate::error::Mistake;

/// Longer than any timeout or cache can sensibly be; keeps the arithmetic of time from overflow.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Every annotated function that is linked into the program, in no particular order.
pub(crate) fn linked() -> impl Iterator<Item = Check> {
    inventory::iter::<Descriptor>
        .into_iter()
        .map(Check::annotated)
}

/// A change to a check that is picked by its identity, or by its name if one check only has it.
#[derive(Debug)]
pub(crate) enum Change {
    Exclude(String),
    Rename(String, String),
}

impl Change {
    pub(crate) fn apply(self, checks: &mut Vec<Check>, mistakes: &mut Vec<Mistake>) {
        let (Self::Exclude(picked) | Self::Rename(picked, _)) = &self;
        let index = match pick(checks, picked) {
            Ok(index) => index,
            Err(mistake) => return mistakes.push(mistake),
        };
        match self {
            Self::Exclude(_) => drop(checks.remove(index)),
            Self::Rename(_, name) => checks[index].name = name.into(),
        }
    }
}

fn pick(checks: &[Check], picked: &str) -> Result<usize, Mistake> {
    let by = |matches: &dyn Fn(&Check) -> bool| -> Vec<usize> {
        let found = checks
            .iter()
            .enumerate()
            .filter(|(_, check)| matches(check));
        found.map(|(index, _)| index).collect()
    };
    let mut found = by(&|check| check.identity() == picked);
    if found.is_empty() {
        found = by(&|check| check.name() == picked);
    }
    match *found {
        [one] => Ok(one),
        [] => Err(Mistake::new(format!(
            "there is no check `{picked}` to exclude or rename; there are: {}",
            list(checks.iter().map(Check::identity)),
        ))),
        _ => Err(Mistake::new(format!(
            "`{picked}` is the name of several checks; say which: {}",
            list(found.iter().map(|index| checks[*index].identity())),
        ))),
    }
}

/// Sorts the checks by name and finds everything that is wrong with them.
pub(crate) fn validate(
    mut checks: Vec<Check>,
    state: &StateMap,
    required: &BTreeSet<String>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Arc<Check>> {
    checks.sort_by(|a, b| (&a.name, a.location()).cmp(&(&b.name, b.location())));
    for check in &checks {
        mistakes.extend(mistakes_of(check, state));
    }
    mistakes.extend(duplicates(&checks));
    mistakes.extend(missing(&checks, required));
    checks.into_iter().map(Arc::new).collect()
}

fn mistakes_of(check: &Check, state: &StateMap) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut mistake = |what: String| {
        let place = check.location();
        mistakes.push(Mistake::new(format!(
            "check `{}` ({place}): {what}",
            check.name()
        )));
    };
    if !is_valid_name(check.name()) {
        mistake(
            "this cannot be a name; use up to 100 letters, digits, `_`, `-` and `.`".to_owned(),
        );
    }
    if check.probes().is_empty() {
        mistake("it serves no probe; add `.liveness()`, `.readiness()` or `.startup()`".to_owned());
    }
    if check.timeout().is_zero() || check.timeout() > A_DAY {
        mistake(format!(
            "a timeout of {:?} makes no sense; it must be above 0 and at most a day",
            check.timeout()
        ));
    }
    for (requirement, written) in check.requirements() {
        if !requirement.from_caller && !state.has(&requirement) {
            mistake(format!(
                "it takes `State<{written}>`, but there is no such state; give the builder one \
                 with `.state(value)`, the value being a `{}`",
                requirement.type_name
            ));
        }
    }
    mistakes
}

fn duplicates(checks: &[Check]) -> Vec<Mistake> {
    let mut by_name = BTreeMap::<&str, Vec<&Check>>::new();
    for check in checks {
        by_name.entry(check.name()).or_default().push(check);
    }
    by_name.retain(|_, same| same.len() > 1);
    let duplicate = |(name, same): (&str, Vec<&Check>)| {
        let places = same
            .iter()
            .map(|c| format!("`{}` at {}", c.identity(), c.location()));
        Mistake::new(format!(
            "{} checks are named `{name}`: {}; rename one with `name = \"...\"` or with the \
             builder's `.rename(\"{}\", \"...\")`",
            same.len(),
            places.collect::<Vec<_>>().join(", "),
            same[0].identity(),
        ))
    };
    by_name.into_iter().map(duplicate).collect()
}

fn missing(checks: &[Check], required: &BTreeSet<String>) -> Vec<Mistake> {
    let names: BTreeSet<_> = checks.iter().map(Check::name).collect();
    let absent = required
        .iter()
        .filter(|name| !names.contains(name.as_str()));
    let mistake = |name: &String| {
        Mistake::new(format!(
            "the required check `{name}` is not there; {LINKING} Found: {}",
            list(names.iter().copied())
        ))
    };
    absent.map(mistake).collect()
}

/// Why an annotated function may be missing.
pub(crate) const LINKING: &str = "a crate whose checks are to be found must be named by the \
    program, else the linker drops it: write `use that_crate as _;` in main.rs.";

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
