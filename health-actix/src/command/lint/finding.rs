//! What rules find.

use serde::Serialize;

use crate::command::output::escaped;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Error,
    Warning,
}

impl Severity {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A rule that is broken, and where.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    pub(super) file: String,
    pub(super) line: usize,
    /// As in `Deployment orders, container app, livenessProbe`.
    pub(super) subject: String,
    pub(super) message: String,
    pub(super) help: String,
}

/// Takes what one rule finds in one file.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    pub(super) file: &'a str,
    pub(super) findings: &'a mut Vec<Finding>,
}

impl Found<'_> {
    pub(super) fn say(&mut self, line: usize, subject: &str, message: &str, help: &str) {
        let file = self.file.to_owned();
        self.say_of(file, line, subject, message, help);
    }

    /// The same of what stands in another file, in source code.
    pub(super) fn say_of(
        &mut self,
        file: String,
        line: usize,
        subject: &str,
        message: &str,
        help: &str,
    ) {
        self.findings.push(Finding {
            rule: self.rule,
            severity: self.severity,
            file,
            line,
            subject: escaped(subject).into_owned(),
            message: escaped(message).into_owned(),
            help: escaped(help).into_owned(),
        });
    }
}

/// A text from a file, quoted, and cut where it becomes too long to read.
pub(super) fn quoted(text: &str) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// A time in milliseconds, as people write it.
pub(super) fn time(ms: u64) -> String {
    match (ms / 1000, ms % 1000) {
        (0, ms) => format!("{ms} ms"),
        (seconds, 0) => format!("{seconds} s"),
        (seconds, ms) => format!("{seconds}.{} s", format!("{ms:03}").trim_end_matches('0')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_files_moves_nothing() {
        let text = "a\u{1b}[31m\r\nb\u{202e}c\u{9b}\u{7f}";
        let shown = escaped(text);
        assert_eq!(shown, "a\\u{1b}[31m\\r\\nb\\u{202e}c\\u{9b}\\u{7f}");
        assert_eq!(quoted(&"ü".repeat(500)).chars().count(), 103);
    }

    #[test]
    fn times_are_short() {
        assert_eq!(
            [0, 1000, 1500, 61_020].map(time),
            ["0 ms", "1 s", "1.5 s", "61.02 s"]
        );
    }
}
