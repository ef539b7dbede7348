//! What is printed.

use std::fmt::Write;

use clap::ValueEnum;
use serde::Serialize;

use super::finding::{Finding, Severity};
use crate::command::output::escaped;

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// As a compiler does
    #[default]
    Text,
    /// One JSON object
    Json,
    /// Annotations of GitHub Actions
    Github,
}

/// Something to be said of a line that breaks no rule.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Note {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) message: String,
}

impl Note {
    pub(super) fn new(file: &str, line: usize, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line,
            message,
        }
    }
}

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) notes: Vec<Note>,
    /// Files that could not be read or parsed, and why.
    pub(super) unreadable: Vec<Note>,
}

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const CYAN: &str = "\u{1b}[1;36m";
const PLAIN: &str = "\u{1b}[0m";

impl Report {
    pub(super) fn count(&self, severity: Severity) -> usize {
        let of = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(of).count()
    }

    /// 2 if a file could not be read, 1 if there is something to mend.
    pub(super) fn exit_code(&self, deny_warnings: bool) -> u8 {
        let warnings = if deny_warnings {
            self.count(Severity::Warning)
        } else {
            0
        };
        match self.unreadable.is_empty() {
            false => 2,
            true => u8::from(self.count(Severity::Error) + warnings > 0),
        }
    }

    /// As text with colours, to be stripped where there are none.
    pub(super) fn written(&self, format: Format) -> String {
        match format {
            Format::Text => self.text(),
            Format::Json => self.json(),
            Format::Github => self.github(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            text.push_str(&finding.text());
        }
        for note in &self.notes {
            let place = place(&note.file, note.line);
            let _ = writeln!(
                text,
                "{BOLD}{place}{CYAN}note{PLAIN}: {}",
                escaped(&note.message)
            );
        }
        for note in &self.unreadable {
            let place = place(&note.file, note.line);
            let _ = writeln!(
                text,
                "{BOLD}{place}{RED}error{PLAIN}: {}",
                escaped(&note.message)
            );
        }
        if let Some(first) = self.findings.first() {
            let errors = counted(self.count(Severity::Error), "error");
            let warnings = counted(self.count(Severity::Warning), "warning");
            let id = first.rule;
            let _ = writeln!(
                text,
                "{errors}, {warnings}; `health lint --explain {id}` says why"
            );
        }
        text
    }

    fn json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        format!("{}\n", json.unwrap_or_default())
    }

    /// Source: GitHub Actions, "Workflow commands", and `toolkit/packages/core/src/command.ts` for what
    /// is escaped.
    fn github(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let message = format!("{}: {}\n{}", finding.subject, finding.message, finding.help);
            let command = (finding.severity.name(), finding.rule);
            annotate(&mut text, command, &finding.file, finding.line, &message);
        }
        for note in &self.notes {
            annotate(
                &mut text,
                ("notice", "health lint"),
                &note.file,
                note.line,
                &note.message,
            );
        }
        for note in &self.unreadable {
            annotate(
                &mut text,
                ("error", "health lint"),
                &note.file,
                note.line,
                &note.message,
            );
        }
        text
    }
}

impl Finding {
    fn text(&self) -> String {
        let colour = match self.severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
        };
        format!(
            "{BOLD}{}{colour}{}[{}]{PLAIN}: {}: {}\n  {CYAN}= help{PLAIN}: {}\n",
            place(&self.file, self.line),
            self.severity.name(),
            self.rule,
            self.subject,
            self.message,
            self.help,
        )
    }
}

fn place(file: &str, line: usize) -> String {
    match (file, line) {
        ("", _) => String::new(),
        (file, 0) => format!("{}: ", escaped(file)),
        (file, line) => format!("{}:{line}: ", escaped(file)),
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

fn annotate(
    text: &mut String,
    (name, title): (&str, &str),
    file: &str,
    line: usize,
    message: &str,
) {
    let mut properties = String::new();
    if !file.is_empty() {
        let _ = write!(properties, "file={},", property(file));
    }
    if line > 0 {
        let _ = write!(properties, "line={line},");
    }
    let _ = writeln!(
        text,
        "::{name} {properties}title={}::{}",
        property(title),
        data(message)
    );
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D");
    text.replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
