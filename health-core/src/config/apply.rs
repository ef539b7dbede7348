//! A configuration is read with the checks at hand: all of it makes sense, or every mistake is
//! told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::Node;
use super::place::Place;
use super::setting::{Draft, IN_CODE_ALONE, OWN, SETTINGS, Table, find, names};
use super::variables::{Folded, Variable};
use super::{Configured, meant, shown};
use crate::error::list;
use crate::{Check, Mistake, Probe};

/// Checks while they are configured.
pub(super) struct Configuring<'a> {
    checks: &'a [Arc<Check>],
    drafts: Vec<Draft>,
    mistakes: Vec<Mistake>,
}

impl<'a> Configuring<'a> {
    pub(super) fn new(checks: &'a [Arc<Check>]) -> Self {
        Self {
            checks,
            drafts: checks.iter().map(|check| Draft::of(check)).collect(),
            mistakes: Vec::new(),
        }
    }

    /// Reads what stands at the top of a file.
    pub(super) fn file(&mut self, said: &[(String, Node)], source: &str) {
        let top = Place::Keys(Vec::new(), source);
        for (index, (key, node)) in said.iter().enumerate() {
            let place = top.under(key);
            if is_repeated(said, index) {
                self.repeated(&place);
            }
            match node {
                _ if key != "checks" => {
                    self.mistake(&place, &meant("section", key, ["checks"]));
                }
                Node::Map(entries) => self.entries(entries, &place),
                other => self.unexpected(
                    &place,
                    other,
                    "a table of checks, as in `[checks.database]`",
                ),
            }
        }
    }

    fn entries(&mut self, entries: &[(String, Node)], checks: &Place<'_>) {
        let mut seen = BTreeMap::new();
        for (key, node) in entries {
            let place = checks.under(key);
            let check = match self.pick(key) {
                Ok(check) => check,
                Err(text) => {
                    self.mistake(&place, &text);
                    continue;
                }
            };
            if let Some(other) = seen.insert(check, key) {
                let identity = self.checks[check].identity();
                let text = format!(
                    "`{}` picks the same check, `{identity}`; put both into one",
                    shown(other)
                );
                self.mistake(&place, &text);
            }
            match node {
                Node::Map(said) => self.entry(check, said, &place),
                other => {
                    let expected = "a table of settings, as in `{ timeout_ms = 2000 }`";
                    self.unexpected(&place, other, expected);
                }
            }
        }
    }

    /// The check of this name or identity, as the builder's changes pick it.
    fn pick(&self, picked: &str) -> Result<usize, String> {
        let is_path = picked.contains("::");
        let is_picked =
            |check: &Check| check.identity() == picked || !is_path && check.name() == picked;
        let all = 0..self.checks.len();
        let found: Vec<_> = all.filter(|i| is_picked(&self.checks[*i])).collect();
        match *found {
            [one] => Ok(one),
            [] if is_path => Err(meant(
                "check",
                picked,
                self.checks.iter().map(|c| c.identity()),
            )),
            [] => Err(meant("check", picked, self.checks.iter().map(|c| c.name()))),
            _ => Err(format!(
                "there are several checks of this name; say which: {}",
                list(found.iter().map(|index| self.checks[*index].identity()))
            )),
        }
    }

    fn entry(&mut self, check: usize, said: &[(String, Node)], entry: &Place<'_>) {
        for (index, (key, node)) in said.iter().enumerate() {
            let place = entry.under(key);
            if is_repeated(said, index) {
                self.repeated(&place);
            }
            match (Probe::named(key), node) {
                (None, _) => self.set(check, key, node, &place),
                (Some(probe), Node::Map(own)) if !own.is_empty() => {
                    self.section(check, probe, own, &place);
                }
                (Some(_), other) => self.no_section(other, &place),
            }
        }
    }

    fn section(&mut self, check: usize, probe: Probe, own: &[(String, Node)], entry: &Place<'_>) {
        for (index, (key, node)) in own.iter().enumerate() {
            let place = entry.under(key);
            if is_repeated(own, index) {
                self.repeated(&place);
            }
            self.set_own(check, probe, key, node, &place);
        }
    }

    /// Reads environment variables, which outrank the file.
    pub(super) fn variables(&mut self, variables: &[Variable]) {
        let folded = Folded::new(self.checks);
        let mut seen = BTreeMap::new();
        for variable in variables {
            let place = variable.place();
            let target = match variable.target(&folded) {
                Ok(target) => target,
                Err(text) => {
                    self.mistake(&place, &text);
                    continue;
                }
            };
            let (check, value) = (target.check, &variable.value);
            match (target.probe, Probe::named(&target.setting)) {
                (Some(probe), _) => self.set_own(check, probe, &target.setting, value, &place),
                (None, None) => self.set(check, &target.setting, value, &place),
                (None, Some(_)) => self.no_section(value, &place),
            }
            if let Some(other) = seen.insert(target, variable.name()) {
                let text = format!("`{}` says the same thing; keep one", shown(other));
                self.mistake(&place, &text);
            }
        }
    }

    fn set(&mut self, check: usize, setting: &str, said: &Node, place: &Place<'_>) {
        let mistake = take(
            SETTINGS,
            &SECTIONS,
            &mut self.drafts[check],
            setting,
            said,
            place,
        );
        self.mistakes.extend(mistake.err());
    }

    fn set_own(
        &mut self,
        check: usize,
        probe: Probe,
        setting: &str,
        said: &Node,
        place: &Place<'_>,
    ) {
        let own = &mut self.drafts[check].settings.own[probe as usize];
        let mistake = take(OWN, &[], own, setting, said, place);
        self.mistakes.extend(mistake.err());
    }

    fn no_section(&mut self, said: &Node, place: &Place<'_>) {
        let expected = match place {
            Place::Keys(..) => place.example("{ timeout_ms = 300 }"),
            Place::Variable(name) => format!("`{}__TIMEOUT_MS=300`", shown(name)),
        };
        let expected = format!(
            "what differs for this probe, `timeout_ms`, `critical` or both, as in {expected}"
        );
        self.unexpected(place, said, &expected);
    }

    fn repeated(&mut self, place: &Place<'_>) {
        self.mistake(place, "it is there more than once; keep one");
    }

    fn unexpected(&mut self, place: &Place<'_>, said: &Node, expected: &str) {
        self.mistake(
            place,
            &format!("found {}; expected {expected}", said.found()),
        );
    }

    fn mistake(&mut self, place: &Place<'_>, text: &str) {
        self.mistakes.push(mistake(place, text));
    }

    /// The checks as they are to become, in the order in which they were given.
    pub(super) fn done(self) -> Result<Vec<Configured>, Vec<Mistake>> {
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        let drafts = self.drafts.into_iter().zip(self.checks);
        Ok(drafts.map(|(draft, check)| draft.done(check)).collect())
    }
}

impl Draft {
    fn of(check: &Check) -> Self {
        Self {
            enabled: true,
            name: None,
            settings: *check.settings(),
        }
    }

    fn done(self, check: &Arc<Check>) -> Configured {
        let name = self.name.filter(|name| name != check.name());
        let disabled = !self.enabled;
        if name.is_none() && self.settings == *check.settings() {
            let check = Arc::clone(check);
            return Configured { check, disabled };
        }
        let mut changed = Check::clone(check);
        changed.settings = self.settings;
        if let Some(name) = name {
            changed.name = name.into();
        }
        Configured {
            check: Arc::new(changed),
            disabled,
        }
    }
}

/// What differs for one probe.
const SECTIONS: [&str; 3] = [
    Probe::ALL[0].as_str(),
    Probe::ALL[1].as_str(),
    Probe::ALL[2].as_str(),
];

fn take<T>(
    table: Table<T>,
    sections: &[&'static str],
    target: &mut T,
    setting: &str,
    said: &Node,
    place: &Place<'_>,
) -> Result<(), Mistake> {
    let Some(takes) = find(table, setting) else {
        return Err(mistake(
            place,
            &unknown(names(table).chain(sections.iter().copied()), setting),
        ));
    };
    if takes.take(target, said) {
        return Ok(());
    }
    let text = format!(
        "found {}; expected {}, as in {}",
        said.found(),
        takes.expected(),
        place.example(takes.example())
    );
    Err(mistake(place, &text))
}

fn unknown(names: impl Iterator<Item = &'static str> + Clone, setting: &str) -> String {
    if IN_CODE_ALONE.contains(&setting) {
        return format!("`{setting}` is for the code alone to say");
    }
    meant("setting", setting, names)
}

/// Whether the same key is right before: they are sorted.
fn is_repeated(entries: &[(String, Node)], index: usize) -> bool {
    index > 0 && entries[index - 1].0 == entries[index].0
}

fn mistake(place: &Place<'_>, text: &str) -> Mistake {
    Mistake::new(format!("{}: {text}", place.text()))
}
