//! The same for people.

use std::iter;

use health_core::{Check, Probe, Visibility};

use super::described::{Described, Listed};
use crate::command::output::{WIDTH, count, escaped, span, wrapped};

const HEAD: [&str; 6] = [
    "CHECK", "PROBES", "CRITICAL", "TIMEOUT", "INTERVAL", "CACHE",
];

/// Names that are longer have a line of their own.
const LONGEST_NAME: usize = 30;

const INDENT: &str = "    ";

pub(super) fn text(listed: &Listed<'_>) -> String {
    let mut lines = if listed.checks.is_empty() {
        vec!["There are no health checks.".to_owned()]
    } else {
        table(listed)
    };
    if !listed.closed_startup_gates.is_empty() {
        let gates = listed.closed_startup_gates.join(", ");
        let gates = format!("Startup gates that are closed: {}", escaped(&gates));
        lines.extend(iter::once(String::new()).chain(wrapped(&gates, WIDTH)));
    }
    lines.join("\n") + "\n"
}

fn table(listed: &Listed<'_>) -> Vec<String> {
    let rows: Vec<_> = listed.checks.iter().map(cells).collect();
    let widths = widths(&rows);
    let mut lines = row(&HEAD.map(ToOwned::to_owned), &widths);
    for (check, cells) in listed.checks.iter().zip(&rows) {
        lines.extend(row(cells, &widths));
        lines.extend(details(check.check));
    }
    lines
}

type Cells = [String; HEAD.len()];

fn cells(described: &Described<'_>) -> Cells {
    let check = described.check;
    let mark = if described.enabled { "" } else { " (disabled)" };
    let probes: Vec<_> = check.probes().iter().map(Probe::as_str).collect();
    let mut caches: Vec<_> = check
        .probes()
        .iter()
        .map(|probe| check.cache(probe))
        .collect();
    caches.dedup();
    let caches: Vec<_> = caches
        .into_iter()
        .map(|cache| span(cache).to_string())
        .collect();
    [
        format!("{}{mark}", escaped(check.name())),
        probes.join(", "),
        if check.is_critical() { "yes" } else { "no" }.to_owned(),
        span(check.timeout()).to_string(),
        check
            .interval()
            .map_or_else(|| "-".to_owned(), |it| span(it).to_string()),
        caches.join(", "),
    ]
}

fn widths(rows: &[Cells]) -> [usize; HEAD.len()] {
    let mut widths = HEAD.map(count);
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let has_own_line = column == 0 && count(cell) > LONGEST_NAME;
            let width = if has_own_line { 0 } else { count(cell) };
            widths[column] = widths[column].max(width);
        }
    }
    widths
}

/// One line; two if the name has one of its own; more if the rest does not fit either.
fn row(cells: &Cells, widths: &[usize; HEAD.len()]) -> Vec<String> {
    let cut = usize::from(count(&cells[0]) > widths[0]);
    let padded = cells
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(column, (cell, width))| {
            let cell = if column < cut { "" } else { cell };
            format!("{cell:<width$}")
        });
    let line = padded.collect::<Vec<_>>().join("  ").trim_end().to_owned();
    let mut lines = Vec::new();
    lines.extend((cut == 1).then(|| cells[0].clone()));
    if count(&line) <= WIDTH {
        lines.push(line);
    } else {
        lines.extend(indented(&cells[cut..].join("  ")));
    }
    lines
}

/// What a check covers, what is particular about it, and where it stands.
fn details(check: &Check) -> Vec<String> {
    let mut lines = indented(&escaped(&check.description().replace('\n', " ")));
    lines.extend(indented(&escaped(&particulars(check).join("; "))));
    let source = check.location().to_string();
    lines.push(format!(
        "{INDENT}{}",
        end(&escaped(&source), WIDTH - INDENT.len())
    ));
    lines
}

fn indented(text: &str) -> Vec<String> {
    let lines = wrapped(text, WIDTH - INDENT.len()).into_iter();
    lines.map(|line| format!("{INDENT}{line}")).collect()
}

/// The end of a text that is too long: of a path, what matters.
fn end(text: &str, width: usize) -> String {
    match count(text).checked_sub(width) {
        None | Some(0) => text.to_owned(),
        Some(over) => format!("…{}", text.chars().skip(over + 1).collect::<String>()),
    }
}

/// What is not as it is where nothing is said.
fn particulars(check: &Check) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(named("tags", check.tags()));
    all.extend(named("depends on", check.depends_on()));
    all.extend(
        check
            .probes()
            .iter()
            .filter_map(|probe| for_probe(check, probe)),
    );
    all.extend(runs(check));
    all.extend(schedule(check));
    all.extend(
        check
            .is_shared()
            .then(|| "shared by all replicas".to_owned()),
    );
    let closed = check.fail_closed_after();
    all.extend(closed.map(|after| format!("fails closed after {}", span(after))));
    let is_hidden = check.visibility() != Visibility::Summary;
    all.extend(is_hidden.then(|| "told to full access alone".to_owned()));
    all
}

fn named<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
}

fn for_probe(check: &Check, probe: Probe) -> Option<String> {
    let mut own = Vec::new();
    if check.is_critical_for(probe) != check.is_critical() {
        own.push(
            if check.is_critical() {
                "not critical"
            } else {
                "critical"
            }
            .to_owned(),
        );
    }
    if check.timeout_for(probe) != check.timeout() {
        own.push(format!("timeout {}", span(check.timeout_for(probe))));
    }
    if check.cache_failure(probe) != check.cache(probe) {
        own.push(format!(
            "failures are kept for {}",
            span(check.cache_failure(probe))
        ));
    }
    (!own.is_empty()).then(|| format!("{probe}: {}", own.join(", ")))
}

fn runs(check: &Check) -> Vec<String> {
    let mut all = Vec::new();
    let (failures, successes) = (check.failure_threshold(), check.success_threshold());
    all.extend((failures != 1).then(|| format!("fails after {failures} runs in a row")));
    all.extend((successes != 1).then(|| format!("passes after {successes} runs in a row")));
    let slow = check.degraded_after();
    all.extend(slow.map(|after| format!("degraded after {}", span(after))));
    let probes = check.probes().iter();
    let longest = probes
        .map(|probe| check.timeout_for(probe))
        .chain([check.timeout()])
        .max();
    let cancelled = Some(check.cancelled_after()).filter(|after| Some(*after) > longest);
    all.extend(cancelled.map(|after| format!("cancelled after {}", span(after))));
    all
}

fn schedule(check: &Check) -> Vec<String> {
    let Some(interval) = check.interval() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let down = check.down_interval().filter(|down| *down != interval);
    all.extend(down.map(|down| format!("interval while it fails {}", span(down))));
    let delay = Some(check.initial_delay()).filter(|delay| !delay.is_zero());
    all.extend(delay.map(|delay| format!("first run after {}", span(delay))));
    all.extend((!check.jitters()).then(|| "no jitter".to_owned()));
    all
}
