//! What is printed, and how.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

/// The exit code if all is well.
pub(super) const WELL: u8 = 0;

/// The exit code if what was asked about is not well.
pub(super) const NOT_WELL: u8 = 1;

/// The exit code if it could not be found out, as of clap for wrong use.
pub(super) const UNKNOWN: u8 = 2;

/// Columns that a line may have.
pub(super) const WIDTH: usize = 100;

/// Prints it, in colours only where somebody sees them. That nobody reads on is no mistake.
pub(super) fn print(text: &str, code: u8) -> ExitCode {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&format!("cannot write to stdout: {error}"), UNKNOWN)
        }
        _ => code.into(),
    }
}

/// Prints to stderr what went wrong, or what there is to do about it.
pub(super) fn fail(text: &str, code: u8) -> ExitCode {
    warn(&format!("error: {}", escaped_lines(text)));
    code.into()
}

/// Prints a line to stderr.
pub(super) fn warn(line: &str) {
    // Where even this cannot be written, the exit code has to do.
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// One line of JSON, in which all is escaped that might drive a terminal.
pub(super) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|error| {
        // Only maps with strange keys and broken writers fail.
        serde_json::json!({ "error": error.to_string() }).to_string()
    });
    escaped_json(&text) + "\n"
}

/// JSON with the same meaning. Outside of texts there are no such characters.
pub(super) fn escaped_json(text: &str) -> String {
    replaced(text, |c, escaped| {
        let _ = write!(escaped, "\\u{:04x}", u32::from(c));
    })
    .into_owned()
}

/// The text with all escaped that might drive a terminal, or mislead who reads it.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    replaced(text, |c, escaped| escaped.extend(c.escape_default()))
}

/// The same, but for the ends of lines.
fn escaped_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(escaped).collect();
    lines.join("\n")
}

fn replaced(text: &str, replace: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(drives) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if drives(c) {
            replace(c, &mut escaped);
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Whether it is a control character, or one of those that turn the direction of a text, end its
/// lines or are not seen. All are of the basic plane.
fn drives(c: char) -> bool {
    let is_unseen = matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    );
    c.is_control() || is_unseen
}

/// The text in lines of at most so many characters, broken between words where that is possible.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if count(line) + 1 + count(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.extend(pieces(word, width)),
        }
    }
    lines
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let letters: Vec<_> = word.chars().collect();
    let pieces = letters.chunks(width.max(1));
    pieces.map(|piece| piece.iter().collect()).collect()
}

pub(super) fn count(text: &str) -> usize {
    text.chars().count()
}

/// As `500ms`, `1s` or `1m 30s`.
pub(super) fn span(span: Duration) -> impl fmt::Display {
    humantime::format_duration(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_a_terminal() {
        for (text, shown) in [
            ("grün, 東京 👍", "grün, 東京 👍"),
            ("\x1b[2Jgone", "\\u{1b}[2Jgone"),
            ("a\nb\r\tc\x07", "a\\nb\\r\\tc\\u{7}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}evil\u{2028}", "\\u{202e}evil\\u{2028}"),
            ("\u{200b}\u{feff}\x7f", "\\u{200b}\\u{feff}\\u{7f}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
        assert_eq!(escaped_lines("a\n\x1bb"), "a\n\\u{1b}b");
    }

    #[test]
    fn json_drives_no_terminal_and_means_the_same() {
        let hostile = "\x1b[2J\u{9b}31m\u{202e}\x7f ü";
        let line = json(&hostile);
        assert_eq!(line, "\"\\u001b[2J\\u009b31m\\u202e\\u007f ü\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), hostile);
    }

    #[test]
    fn lines_are_broken_between_words() {
        let lines = wrapped("The  database answers\na query.", 12);
        assert_eq!(lines, ["The database", "answers a", "query."]);
        assert_eq!(wrapped("x abcdefgh", 3), ["x", "abc", "def", "gh"]);
        assert!(wrapped(" ", 10).is_empty());
    }
}
