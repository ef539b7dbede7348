//! Environment variables: their names are folded, for they are in upper case by custom, and most
//! shells know no `-`, `.` and `:` in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::meant;
use super::nearest::nearest;
use super::node::Node;
use super::place::Place;
use crate::error::list;
use crate::{Check, Probe};

const SEPARATOR: &str = "__";

/// A variable that says something.
#[derive(Clone)]
pub(super) struct Variable {
    name: String,
    prefix: usize,
    pub(super) value: Node,
}

impl Variable {
    /// A variable whose name begins with the prefix and `__`.
    pub(super) fn new(prefix: &str, name: String, value: String) -> Option<Self> {
        let start = name.get(..prefix.len())?;
        if !start.eq_ignore_ascii_case(prefix) || !name[prefix.len()..].starts_with(SEPARATOR) {
            return None;
        }
        Some(Self {
            name,
            prefix: prefix.len(),
            value: Node::Text(value),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place::Variable(&self.name)
    }

    /// What it is about, or what is wrong with that.
    pub(super) fn target(&self, checks: &Folded<'_>) -> Result<Target, String> {
        let said = folded(&self.name[self.prefix + SEPARATOR.len()..]);
        let said = said.strip_prefix("checks__");
        let Some((name, setting)) = said.and_then(|said| said.rsplit_once(SEPARATOR)) else {
            let prefix = &self.name[..self.prefix];
            return Err(format!(
                "it names no setting of a check; write it as in \
                 `{prefix}__CHECKS__DATABASE__TIMEOUT_MS=2000`"
            ));
        };
        let mut found = checks.readings(name);
        match found.pop() {
            None => Err(checks.unknown(name)),
            Some((check, probe)) if found.is_empty() => Ok(Target {
                check,
                probe,
                setting: setting.to_owned(),
            }),
            Some(last) => {
                found.push(last);
                Err(checks.ambiguous(&found))
            }
        }
    }
}

/// What a variable is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) check: usize,
    pub(super) probe: Option<Probe>,
    pub(super) setting: String,
}

/// A check, and the probe for which something differs.
type Reading = (usize, Option<Probe>);

/// Checks by their folded names and identities.
pub(super) struct Folded<'a> {
    checks: &'a [Arc<Check>],
    by_name: BTreeMap<String, Vec<usize>>,
}

impl<'a> Folded<'a> {
    pub(super) fn new(checks: &'a [Arc<Check>]) -> Self {
        let mut by_name = BTreeMap::<_, Vec<_>>::new();
        for (index, check) in checks.iter().enumerate() {
            for name in [check.name(), check.identity()] {
                let same = by_name.entry(folded(name)).or_default();
                if same.last() != Some(&index) {
                    same.push(index);
                }
            }
        }
        Self { checks, by_name }
    }

    /// Everything that a folded name can be: a check, or a check and a probe.
    fn readings(&self, name: &str) -> Vec<Reading> {
        let whole = self.named(name).iter().map(|check| (*check, None));
        let part = probe_of(name).into_iter().flat_map(|(name, probe)| {
            let checks = self.named(name).iter();
            checks.map(move |check| (*check, Some(probe)))
        });
        whole.chain(part).collect()
    }

    fn named(&self, folded: &str) -> &[usize] {
        self.by_name.get(folded).map_or(&[], Vec::as_slice)
    }

    fn unknown(&self, name: &str) -> String {
        if let Some((check, probe)) = name.rsplit_once(SEPARATOR) {
            if !self.named(check).is_empty() {
                return meant("probe", probe, Probe::ALL.map(Probe::as_str));
            }
        }
        let name = probe_of(name).map_or(name, |(name, _)| name);
        let near = nearest(name, self.by_name.keys().map(String::as_str));
        match near.and_then(|near| self.named(near).first()) {
            Some(near) => meant("check", name, [self.checks[*near].name()]),
            None => meant("check", name, self.checks.iter().map(|check| check.name())),
        }
    }

    fn ambiguous(&self, readings: &[Reading]) -> String {
        let readings = readings.iter().map(|(check, probe)| {
            let check = self.checks[*check].identity();
            probe.map_or(check.to_owned(), |probe| format!("{check} for {probe}"))
        });
        let readings: Vec<_> = readings.collect();
        format!(
            "it can mean any of {}; say which with the path of its function, or in a file",
            list(readings.iter().map(String::as_str))
        )
    }
}

/// The name of a check and a probe, if the folded name ends in one.
fn probe_of(name: &str) -> Option<(&str, Probe)> {
    let (name, last) = name.rsplit_once(SEPARATOR)?;
    Some((name, Probe::named(last)?))
}

/// What all spellings of a name have in common.
fn folded(name: &str) -> String {
    let fold = |c: char| if c.is_alphanumeric() { c } else { '_' };
    name.chars().map(fold).collect::<String>().to_lowercase()
}
