//! Reads the table of `src/docs/semantics.md`, plays every row, and compares every cell.

mod actor;
mod change;
mod script;
mod sign;
mod stage;

use std::collections::BTreeSet;
use std::fmt::Display;

use health_core::Probe;

use self::script::{Scenario, scenarios};
use self::stage::{observe, observe_everything};

const SEMANTICS: &str = include_str!("../../../src/docs/semantics.md");
const COLUMNS: [&str; 6] = [
    "row",
    "attributes",
    "what happened",
    "liveness",
    "readiness",
    "startup",
];

/// A row of the table.
struct Row {
    name: &'static str,
    attributes: &'static str,
    happened: &'static str,
    cells: [&'static str; 3],
}

fn table() -> Vec<Row> {
    let mut lines = SEMANTICS.lines().filter_map(cells_of);
    assert_eq!(lines.next().as_deref(), Some(&COLUMNS[..]));
    assert!(
        lines
            .next()
            .is_some_and(|line| line.iter().all(|c| *c == "---"))
    );
    lines.map(|cells| row_of(&cells)).collect()
}

fn cells_of(line: &'static str) -> Option<Vec<&'static str>> {
    let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(cells.split('|').map(str::trim).collect())
}

fn row_of(cells: &[&'static str]) -> Row {
    let &[name, attributes, happened, ref cells @ ..] = cells else {
        panic!("too few columns: {cells:?}");
    };
    Row {
        name,
        attributes: attributes.trim_matches('`'),
        happened,
        cells: cells.try_into().expect("there are three probes"),
    }
}

fn differences(scenario: &Scenario, row: &Row) -> Vec<String> {
    let name = row.name;
    let mut found = Vec::new();
    let mut compare = |what: &dyn Display, table: &str, other: &str| {
        if table != other {
            found.push(format!(
                "{name} / {what}:\n    table: {table}\n    test:  {other}"
            ));
        }
    };
    compare(&"attributes", row.attributes, scenario.attributes);
    compare(&"what happened", row.happened, scenario.happened);
    for (asked, cell) in Probe::ALL.into_iter().zip(row.cells) {
        compare(&asked, cell, &observe(scenario, asked));
    }
    let worst = row.cells.into_iter().max_by_key(|cell| badness(cell));
    let worst = worst.map(verdict).unwrap_or_default();
    compare(&"everything", worst, &observe_everything(scenario));
    found
}

fn verdict(cell: &str) -> &str {
    cell.split(',').next().unwrap_or_default()
}

fn badness(cell: &str) -> Option<usize> {
    let verdicts = ["passes", "degraded", "fails"];
    verdicts.iter().position(|known| *known == verdict(cell))
}

fn unmatched(table: &[Row]) -> Vec<String> {
    let rows: Vec<_> = table.iter().map(|row| row.name).collect();
    let played: Vec<_> = scenarios().map(|scenario| scenario.row).collect();
    let mut found = Vec::new();
    for (names, others, lack) in [
        (&rows, &played, "a row without a scenario, or twice there"),
        (&played, &rows, "a scenario without a row, or twice there"),
    ] {
        let mut left: BTreeSet<_> = others.iter().collect();
        let lacking = names.iter().filter(|name| !left.remove(name));
        found.extend(lacking.map(|name| format!("{name}: {lack}")));
    }
    found
}

#[test]
fn every_cell_of_the_table_is_true() {
    let table = table();
    let mut found = unmatched(&table);
    for row in &table {
        if let Some(scenario) = scenarios().find(|scenario| scenario.row == row.name) {
            found.extend(differences(scenario, row));
        }
    }
    assert!(
        found.is_empty(),
        "{} differences from src/docs/semantics.md:\n\n{}\n",
        found.len(),
        found.join("\n")
    );
}
