//! The table: what was measured, and whether it is as good as it has to be.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::Result;

/// A lower quartile, a median and an upper quartile.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Quartiles {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

/// What a median has to be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, ">= {least}"),
            Self::AtMost(most) => write!(f, "<= {most}"),
        }
    }
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    section: &'static str,
    what: String,
    /// Absent where nothing could be measured; the note then says why.
    value: Option<f64>,
    quartiles: Option<Quartiles>,
    /// Empty for a ratio.
    unit: &'static str,
    goal: Option<Goal>,
    met: Option<bool>,
    note: Option<String>,
}

impl Row {
    /// A ratio of what is ours to what it is compared with, from pairs of rounds.
    pub(crate) fn ratio(what: impl Into<String>, quartiles: Quartiles) -> Self {
        Self {
            quartiles: Some(quartiles),
            ..Self::value(what, quartiles.median, "")
        }
    }

    /// Something that was measured, or counted, once.
    pub(crate) fn value(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            section: "",
            what: what.into(),
            value: Some(value),
            quartiles: None,
            unit,
            goal: None,
            met: None,
            note: None,
        }
    }

    /// What could not be measured here, and why. It counts as no goal.
    pub(crate) fn skipped(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self {
            value: None,
            ..Self::value(what, 0.0, "").note(format!("SKIPPED: {why}"))
        }
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.met = self.value.map(|value| goal.is_met(value));
        self.goal = Some(goal);
        self
    }

    /// What has to be known to read the line, such as the physical reason of a goal that is short.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    fn cells(&self) -> [String; 5] {
        let value = self
            .value
            .map_or_else(|| "-".to_owned(), |value| number(value, self.unit));
        let quartiles = self.quartiles.map_or_else(String::new, |q| {
            format!("{} to {}", number(q.lower, ""), number(q.upper, ""))
        });
        let goal = self.goal.map_or_else(String::new, |goal| goal.to_string());
        let met = match self.met {
            Some(true) => "met",
            Some(false) => "SHORT",
            None => "",
        };
        [self.what.clone(), value, quartiles, goal, met.to_owned()]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [what, value, quartiles, goal, met] = self.cells();
        write!(
            f,
            "{what:<64} {value:>14}  {quartiles:<16} {goal:<10} {met}"
        )?;
        if let Some(note) = &self.note {
            write!(f, "\n    {note}")?;
        }
        Ok(())
    }
}

/// With three digits that say something.
fn number(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        tiny if tiny > 0.0 && tiny < 0.1 => (2.0 - tiny.log10().floor()) as usize,
        small if small < 10.0 => 3,
        small if small < 100.0 => 1,
        _ => 0,
    };
    let space = if unit.is_empty() { "" } else { " " };
    format!("{value:.digits$}{space}{unit}")
}

/// All lines.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Table {
    #[serde(skip)]
    section: &'static str,
    rows: Vec<Row>,
}

impl Table {
    /// What is added from now on belongs to this section.
    pub(crate) fn begin(&mut self, section: &'static str) {
        self.section = section;
    }

    pub(crate) fn add(&mut self, row: Row) {
        let section = self.section;
        self.rows.push(Row { section, ..row });
    }

    pub(crate) fn print(&self) {
        let mut section = "";
        for row in &self.rows {
            if row.section != section {
                section = row.section;
                println!("\n{section}");
            }
            println!("{row}");
        }
    }

    pub(crate) fn write(&self, file: &Path) -> Result {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, serde_json::to_string_pretty(self)? + "\n")
            .map_err(|e| format!("cannot write {}: {e}", file.display()).into())
    }

    /// Prints the last line. Whether all goals are met.
    pub(crate) fn summarize(&self) -> bool {
        let count = |met| self.rows.iter().filter(|row| row.met == Some(met)).count();
        println!("\n{} goals met, {} short", count(true), count(false));
        count(false) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_say_something() {
        for (value, expected) in [
            (0.0, "0.000"),
            (0.000_257_6, "0.000258"),
            (0.0512, "0.0512"),
            (0.5, "0.500"),
            (9.87, "9.870"),
            (98.76, "98.8"),
            (3883.4, "3883"),
        ] {
            assert_eq!(number(value, ""), expected);
        }
        assert_eq!(number(1.5, "ms"), "1.500 ms");
    }
}
