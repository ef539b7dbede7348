//! All checks of a process: collected, changed as the builder says, and everything that is wrong
//! with them.

use std::collections::{BTreeMap, BTreeSet};

use crate::Check;
use crate::Location;
use crate::check::is_valid_name;
use crate::context::StateMap;
use crate::dependencies::Gone;
use crate::descriptor::Descriptor;
use crate::error::{Mistake, list};
use crate::mask::mask;

/// Every annotated function that is linked into the program, in no particular order.
pub(crate) fn linked() -> impl Iterator<Item = Check> {
    inventory::iter::<Descriptor>
        .into_iter()
        .map(Check::annotated)
}

/// A change to a check that is picked by its identity, or by its name if one check only has it.
#[derive(Debug)]
pub(crate) struct Change {
    picked: String,
    what: What,
    place: Location,
}

#[derive(Debug)]
enum What {
    Exclude,
    Rename(String),
    #[cfg(feature = "testing")]
    Replace(Box<Check>),
}

impl Change {
    #[track_caller]
    pub(crate) fn exclude(picked: String) -> Self {
        Self::new(picked, What::Exclude)
    }

    #[track_caller]
    pub(crate) fn rename(picked: String, name: String) -> Self {
        Self::new(picked, What::Rename(name))
    }

    /// Has it do what `fake` does; everything said of it stays.
    #[cfg(feature = "testing")]
    #[track_caller]
    pub(crate) fn replace(picked: String, fake: Check) -> Self {
        Self::new(picked, What::Replace(Box::new(fake)))
    }

    #[track_caller]
    fn new(picked: String, what: What) -> Self {
        Self {
            picked,
            what,
            place: Location::caller(),
        }
    }

    /// Changes the checks; what is excluded goes to `excluded`.
    pub(crate) fn apply(self, checks: &mut Vec<Check>, excluded: &mut Gone) -> Result<(), Mistake> {
        let index = self.pick(checks)?;
        match self.what {
            What::Exclude => excluded.add(&checks.remove(index)),
            What::Rename(name) => checks[index].name = name.into(),
            #[cfg(feature = "testing")]
            What::Replace(fake) => checks[index].body = fake.body,
        }
        Ok(())
    }

    /// What is to be done, as a mistake says it.
    const fn verb(&self) -> &'static str {
        match self.what {
            What::Exclude => "exclude",
            What::Rename(_) => "rename",
            #[cfg(feature = "testing")]
            What::Replace(_) => "replace",
        }
    }

    fn pick(&self, checks: &[Check]) -> Result<usize, Mistake> {
        // The path of a function picks it alone; anything else is a name.
        let is_path = self.picked.contains("::");
        let is_picked = |check: &Check| {
            check.identity() == self.picked || !is_path && check.name() == self.picked
        };
        let picked = (0..checks.len()).filter(|index| is_picked(&checks[*index]));
        let picked: Vec<_> = picked.collect();
        let (name, place, verb) = (&self.picked, self.place, self.verb());
        match *picked {
            [one] => Ok(one),
            [] => Err(Mistake::new(format!(
                "there is no check `{name}` to {verb} at {place}; there are: {}",
                list(checks.iter().map(Check::identity)),
            ))),
            _ => Err(Mistake::new(format!(
                "there are several checks `{name}` to {verb} at {place}; say which: {}",
                list(picked.iter().map(|index| checks[*index].identity())),
            ))),
        }
    }
}

pub(crate) fn mistakes_of(check: &Check, state: &StateMap) -> Vec<Mistake> {
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
    check
        .settings()
        .mistakes()
        .into_iter()
        .for_each(&mut mistake);
    let requirements = check.requirements().unwrap_or_else(|panic| {
        mistake(format!(
            "asked what its arguments need, one panicked: {}",
            mask(&panic)
        ));
        Vec::new()
    });
    for (requirement, written) in requirements {
        if state.has(&requirement) {
            continue;
        }
        if requirement.from_caller && check.interval().is_some() {
            mistake(format!(
                "it runs at an interval, where no request brings `{written}`; give the builder \
                 one with `.data(value)`, the value being a `{}`",
                requirement.type_name
            ));
        } else if !requirement.from_caller {
            mistake(format!(
                "it takes `State<{written}>`, but there is no such state; give the builder one, \
                 as in `Health::builder().state(value)`, the value being a `{}`",
                requirement.type_name
            ));
        }
    }
    mistakes
}

/// Names that several of these have, which are sorted by name.
pub(crate) fn duplicates(checks: &[&Check]) -> Vec<Mistake> {
    let same = checks.chunk_by(|one, other| one.name() == other.name());
    let duplicate = |same: &[&Check]| {
        let name = same[0].name();
        let places = same
            .iter()
            .map(|c| format!("`{}` at {}", c.identity(), c.location()));
        let places = places.collect::<Vec<_>>().join(", ");
        let first = same[0].identity();
        let mend = if same.iter().all(|check| check.identity() == first) {
            "give one another name".to_owned()
        } else {
            format!(
                "rename one with `name = \"...\"` or with the builder's \
                 `.rename(\"{first}\", \"...\")`"
            )
        };
        let count = same.len();
        Mistake::new(format!(
            "{count} checks are named `{name}`: {places}; {mend}"
        ))
    };
    let several = same.filter(|same| same.len() > 1);
    several.map(duplicate).collect()
}

/// Checks made at run time with the same name, of which one got another: nothing else could tell
/// them apart.
pub(crate) fn twins(checks: &[&Check]) -> Vec<Mistake> {
    let made = |check: &&Check| !check.identity().contains("::");
    let renamed = |check: &Check| check.name() != check.identity();
    let mut all = checks.iter().copied();
    if !all.any(|check| renamed(check) && made(&check)) {
        return Vec::new();
    }
    let mut by_identity = BTreeMap::<&str, Vec<&Check>>::new();
    for check in checks.iter().copied().filter(made) {
        by_identity.entry(check.identity()).or_default().push(check);
    }
    by_identity.retain(|_, same| same.iter().any(|check| check.name() != same[0].name()));
    let twin = |(identity, same): (&str, Vec<&Check>)| {
        let places = same
            .iter()
            .map(|c| format!("`{}` at {}", c.name(), c.location()));
        let places = places.collect::<Vec<_>>().join(", ");
        let count = same.len();
        Mistake::new(format!(
            "{count} checks were made with the name `{identity}`, which tells them apart also when \
             one has another: {places}; make one with another name"
        ))
    };
    by_identity.into_iter().map(twin).collect()
}

pub(crate) fn missing(
    names: &BTreeSet<&str>,
    required: &BTreeMap<String, Location>,
) -> Vec<Mistake> {
    let absent = required
        .iter()
        .filter(|(name, _)| !names.contains(name.as_str()));
    let mistake = |(name, place): (&String, &Location)| {
        Mistake::new(format!(
            "the check `{name}`, required at {place}, is not there; {LINKING} Found: {}",
            list(names.iter().copied())
        ))
    };
    absent.map(mistake).collect()
}

/// Why an annotated function may be missing.
pub(crate) const LINKING: &str = "a crate whose checks are to be found must be named by the \
    program, else the linker drops it: write `use that_crate as _;` in main.rs.";
