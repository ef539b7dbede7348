//! The list of everything that is said of mistakes, for people: `DIAGNOSTICS.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::assert_committed;

const INTRODUCTION: &str = "\
# Diagnostics

What the attribute says of mistakes, each at its own token and all of them at once. A test makes
this list of the files in `tests/ui/fail`, which are compared with rustc's output;
`BLESS=1 cargo test -p health-macros` writes it. A note that was given above is not repeated.
";

/// The folders of `tests/ui/fail`, and what is in each.
const GROUPS: &[(&str, &str)] = &[
    ("arguments", "Arguments: names, and how they are written"),
    ("values", "Values"),
    ("relations", "Arguments that do not go together"),
    ("signature", "The function before its body"),
    ("types", "Types, which rustc alone can tell"),
];

#[test]
fn every_mistake_is_in_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail");
    let folders: BTreeSet<_> = entries(&root).iter().map(|path| stem(path)).collect();
    let groups: BTreeSet<_> = GROUPS
        .iter()
        .map(|(folder, _)| (*folder).to_owned())
        .collect();
    assert_eq!(folders, groups);
    let mut list = INTRODUCTION.to_owned();
    for (folder, title) in GROUPS {
        list += &format!("\n## {title}\n");
        let files = entries(&root.join(folder));
        let is_source = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "rs");
        for path in files.iter().filter(is_source) {
            let entry = entry(path, &list);
            list += &entry;
        }
    }
    assert_committed("DIAGNOSTICS.md", &list);
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is there");
    let mut entries: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .collect();
    entries.sort();
    entries
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().expect("it has a name");
    stem.to_string_lossy().into_owned()
}

/// One file: its name in words, the lines that are to blame, and what is said that is not above.
fn entry(path: &Path, above: &str) -> String {
    let name = stem(path).replace('_', " ");
    let (first, rest) = name.split_at(1);
    let source = fs::read_to_string(path).expect("it is there");
    let told = fs::read_to_string(path.with_extension("stderr")).expect("it is blessed");
    let lines = blamed(&source, &told).join("\n");
    let messages = messages(&told, above).join("\n");
    format!(
        "\n### {}{rest}\n\n```text\n{lines}\n```\n\n{messages}\n",
        first.to_uppercase()
    )
}

/// The attribute, and the lines that the messages point at.
fn blamed<'a>(source: &'a str, told: &str) -> Vec<&'a str> {
    // Of other files rustc's lines are blessed without their numbers.
    let pointed = told.lines().filter_map(|line| {
        let (number, _) = line.split_once(" |")?;
        number.trim_start().parse::<usize>().ok()
    });
    let pointed: BTreeSet<_> = pointed.collect();
    let mut is_in_attribute = false;
    let mut lines = Vec::new();
    for (index, line) in source.lines().enumerate() {
        is_in_attribute |= line.trim_start().starts_with("#[health_check");
        if is_in_attribute || pointed.contains(&(index + 1)) {
            lines.push(line);
        }
        is_in_attribute &= !line.ends_with(']');
    }
    lines
}

/// The messages, and under each the notes that are about the mistake.
fn messages(told: &str, above: &str) -> Vec<String> {
    let message = |line: &str| {
        let text = line.strip_prefix("error")?;
        let text = text.split_once(": ")?.1;
        Some(format!("- {text}"))
    };
    let note = |line: &str| {
        let text = line.trim_start().trim_start_matches("= ");
        let text = text.strip_prefix("note: ")?;
        let is_of_rustc = ["required ", "this error originates", "see issue"];
        let is_of_rustc = is_of_rustc.iter().any(|words| text.starts_with(words));
        let note = format!("  - {text}");
        (!is_of_rustc && !above.contains(&note)).then_some(note)
    };
    let lines = told.lines();
    lines
        .filter_map(|line| message(line).or_else(|| note(line)))
        .collect()
}
