//! What a file itself allows: `# health-lint: allow L10 the image has no HTTP`, on the line or above it.

use std::collections::{HashMap, HashSet};

use super::finding::{Finding, quoted};
use super::rules::Rule;

/// The lines that allow something, and what.
#[derive(Debug)]
pub(super) struct Allowed {
    /// The lines that are nothing but a comment.
    comments: HashSet<usize>,
    by_line: HashMap<usize, Vec<&'static str>>,
    /// What is wrong with a line.
    pub(super) mistakes: Vec<(usize, String)>,
}

const MARK: &str = "health-lint:";

impl Allowed {
    pub(super) fn read(text: &str) -> Self {
        let mut allowed = Self {
            comments: HashSet::new(),
            by_line: HashMap::new(),
            mistakes: Vec::new(),
        };
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with('#') {
                allowed.comments.insert(index + 1);
            }
            let comment = line
                .split_once('#')
                .and_then(|(_, rest)| rest.split_once(MARK));
            if let Some((_, rest)) = comment {
                allowed.take(index + 1, rest);
            }
        }
        allowed
    }

    fn take(&mut self, line: usize, rest: &str) {
        let words = rest.split([' ', ',', '\t']).filter(|word| !word.is_empty());
        let mut words = words.peekable();
        if words.next() != Some("allow") {
            let message = "write `# health-lint: allow L10`, with the reason behind it";
            self.mistakes.push((line, message.to_owned()));
            return;
        }
        let mut rules = Vec::new();
        while let Some(rule) = words.peek().and_then(|word| Rule::named(word)) {
            rules.push(rule.id);
            words.next();
        }
        match (rules.is_empty(), words.next()) {
            (true, word) => {
                let message = format!("there is no rule {}", quoted(word.unwrap_or_default()));
                self.mistakes.push((line, message));
            }
            (false, None) => {
                let message = "it allows nothing without a reason: write it behind the rule";
                self.mistakes.push((line, message.to_owned()));
            }
            (false, Some(_)) => self.by_line.entry(line).or_default().extend(rules),
        }
    }

    /// Whether the line of a finding, or a comment right above it, allows it.
    pub(super) fn allows(&self, finding: &Finding) -> bool {
        let says = |line: &usize| {
            let rules = self.by_line.get(line);
            rules.is_some_and(|rules| rules.contains(&finding.rule))
        };
        let above = (1..finding.line).rev();
        let mut above = above.take_while(|line| self.comments.contains(line));
        says(&finding.line) || above.any(|line| says(&line))
    }
}
