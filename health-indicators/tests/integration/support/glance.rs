//! All dependencies under the faults that most of them have, from their sections of `FAULTS.md`.

use std::fmt::Write as _;

/// The title of the section that this is.
pub(crate) const TITLE: &str = "At a glance";

const FAULTS: [&str; 9] = [
    "none",
    "frozen",
    "slow",
    "down",
    "restarted",
    "wrong answer",
    "wrong credentials",
    "name not in the DNS",
    "pool exhausted",
];

/// The table of those sections that have at least two such faults.
pub(crate) fn table(sections: &[(&str, &str)]) -> String {
    let mut table = format!("| | {} |\n|---|", FAULTS.join(" | "));
    table += &"---|".repeat(FAULTS.len());
    table.push('\n');
    for (title, section) in sections {
        let cells = FAULTS.map(|fault| report(section, fault).unwrap_or_default());
        if cells.iter().filter(|cell| !cell.is_empty()).count() > 1 {
            writeln!(table, "| {title} | {} |", cells.join(" | ")).unwrap();
        }
    }
    table
}

/// The first that a section says of such a fault.
fn report<'a>(section: &'a str, fault: &str) -> Option<&'a str> {
    let mut rows = section.lines().filter_map(|row| {
        let (of, rest) = row.strip_prefix("| ")?.split_once(" | ")?;
        Some((of.split([':', ',']).next()?, rest.split(" | ").next()?))
    });
    let (_, report) = rows.find(|(of, _)| *of == fault)?;
    Some(report.strip_prefix("unhealthy: ").unwrap_or(report))
}
