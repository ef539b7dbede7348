//! What tools make of metrics, manifests, notifications and commands: see `operations.md`.

mod exposition;
#[cfg(target_os = "linux")]
mod image;
mod manifests;
mod probe_command;
mod prometheus;
mod replica;
#[cfg(target_os = "linux")]
mod systemd;
mod webhook;

use std::fmt::Write as _;

use crate::tell;

/// A tool, what it was given or asked, and what it made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) tool: String,
    pub(crate) given: String,
    pub(crate) says: String,
}

impl Fact {
    pub(crate) fn new(
        tool: impl Into<String>,
        given: impl Into<String>,
        says: impl Into<String>,
    ) -> Self {
        Self {
            tool: tool.into(),
            given: given.into(),
            says: says.into(),
        }
    }

    /// A line of a table.
    fn parse(line: &str) -> Option<Self> {
        let line = line.strip_prefix('|')?.strip_suffix('|')?;
        let mut columns = line.split('|').map(str::trim);
        let [tool, given, says] = [columns.next()?, columns.next()?, columns.next()?];
        let is_head = tool == "tool" || tool.starts_with("---");
        (!is_head && columns.next().is_none()).then(|| Self::new(tool, given, says))
    }

    fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.tool, &self.given) == (&other.tool, &other.given)
    }
}

/// Compares what was observed with a section of `operations.md`, and prints both. Rows of tools that
/// are not there are left out.
///
/// # Panics
/// If they differ.
pub(crate) fn compare(section: &str, observed: &[Fact], skipped: &[&str]) {
    let (text, differences) = difference(section, &expected(section), observed, skipped);
    tell(&text);
    assert!(differences.is_empty(), "{differences:#?}");
}

fn expected(section: &str) -> Vec<Fact> {
    let text = include_str!("../../../operations.md");
    let head = format!("## {section}");
    let lines = text.lines().skip_while(|line| *line != head).skip(1);
    let lines = lines.take_while(|line| !line.starts_with("## "));
    let facts: Vec<_> = lines.filter_map(Fact::parse).collect();
    assert!(!facts.is_empty(), "operations.md says nothing of {section}");
    facts
}

fn difference(
    section: &str,
    expected: &[Fact],
    observed: &[Fact],
    skipped: &[&str],
) -> (String, Vec<String>) {
    let mut text = format!("\n{section}: tool x given: expected / observed\n");
    let mut differences = Vec::new();
    let there = |fact: &&Fact| !skipped.contains(&fact.tool.as_str());
    for fact in expected.iter().filter(there) {
        let seen = observed.iter().find(|seen| fact.is_of_the_same(seen));
        let says = seen.map_or("nothing observes it", |seen| &seen.says);
        let line = format!("{} x {}: {} / {says}", fact.tool, fact.given, fact.says);
        let is_same = seen == Some(fact);
        let _ = writeln!(text, "{}{line}", if is_same { "  " } else { "! " });
        differences.extend((!is_same).then_some(line));
    }
    for seen in observed {
        if !expected.iter().any(|fact| fact.is_of_the_same(seen)) {
            let line = format!(
                "{} x {}: not expected / {}",
                seen.tool, seen.given, seen.says
            );
            let _ = writeln!(text, "! {line}");
            differences.push(line);
        }
    }
    (text, differences)
}

#[test]
fn what_differs_is_missing_or_is_too_much_is_found() {
    let fact = Fact::parse("| promtool | the rules | SUCCESS |").unwrap();
    assert_eq!(fact, Fact::new("promtool", "the rules", "SUCCESS"));
    let differences = |observed: &[Fact], skipped: &[&str]| {
        difference("alerts", std::slice::from_ref(&fact), observed, skipped).1
    };
    assert!(differences(std::slice::from_ref(&fact), &[]).is_empty());
    assert!(differences(&[], &["promtool"]).is_empty());
    let other = Fact::new("promtool", "the rules", "FAILED");
    assert_eq!(
        differences(&[other], &[]),
        ["promtool x the rules: SUCCESS / FAILED"]
    );
    assert_eq!(
        differences(&[], &[]),
        ["promtool x the rules: SUCCESS / nothing observes it"]
    );
    let more = Fact::new("amtool", "the rules", "SUCCESS");
    assert_eq!(
        differences(&[fact.clone(), more], &[]),
        ["amtool x the rules: not expected / SUCCESS"]
    );
}
