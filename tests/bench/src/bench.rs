//! A run of the benchmarks.

use std::time::Duration;

use crate::Result;
use crate::pin::{Half, pin};
use crate::sections::SECTIONS;
use crate::table::{Row, Table};

/// What sections write their rows to, and how long they may measure.
pub(crate) struct Bench {
    pub(crate) quick: bool,
    row: Option<String>,
    table: Table,
}

impl Bench {
    pub(crate) fn new(quick: bool, row: Option<String>) -> Self {
        Self {
            quick,
            row,
            table: Table::default(),
        }
    }

    /// Whether this row is to be measured.
    pub(crate) fn wants(&self, what: &str) -> bool {
        self.row.as_ref().is_none_or(|row| what.contains(row))
    }

    /// How many pairs of rounds are measured.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 5 } else { 15 }
    }

    /// How long each round is.
    pub(crate) fn round(&self) -> Duration {
        Duration::from_millis(if self.quick { 300 } else { 1000 })
    }

    /// Tells the row at once, so that somebody who watches sees it.
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("{row}");
        self.table.add(row);
    }

    /// Runs the sections of these names, all where there are none.
    pub(crate) fn run(mut self, only: &[String]) -> Result<Table> {
        for name in only {
            if !SECTIONS.iter().any(|section| section.name == name) {
                let known: Vec<_> = SECTIONS.iter().map(|section| section.name).collect();
                return Err(format!("no section `{name}`; there are: {}", known.join(", ")).into());
            }
        }
        pin(Half::Load);
        for section in SECTIONS {
            if !only.is_empty() && !only.iter().any(|name| name == section.name) {
                continue;
            }
            eprintln!("== {}: {}", section.name, section.about);
            self.table.begin(section.name);
            if self.quick && only.is_empty() && !section.is_quick {
                let why = format!("not a part of a quick run; `--only {}`", section.name);
                self.add(Row::skipped(section.about, why));
                continue;
            }
            (section.run)(&mut self)?;
        }
        Ok(self.table)
    }
}
