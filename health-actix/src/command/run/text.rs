//! The same for people.

use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Style};
use health_core::Status;

use super::found::{Ran, RanCheck, RanChild};
use crate::command::output::{count, escaped};

/// Names that are longer push what follows to the right.
const LONGEST_NAME: usize = 40;

pub(super) fn text(ran: &Ran<'_>) -> String {
    if ran.checks.is_empty() {
        return "There are no health checks to run.\n".to_owned();
    }
    let widths = ran.checks.iter().map(|check| count(&escaped(check.name)));
    let width = widths.max().unwrap_or_default().min(LONGEST_NAME);
    let mut text = String::new();
    for check in &ran.checks {
        add_check(&mut text, check, width);
    }
    text + &summary(ran) + "\n"
}

fn add_check(text: &mut String, check: &RanCheck<'_>, width: usize) {
    let latency = check
        .latency_ms
        .map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
    let name = escaped(check.name);
    let mut line = format!("{}  {name:<width$}  {latency:>11}", colored(check.status));
    if let Some(message) = check.message {
        let _ = write!(line, "  {}", escaped(message));
    }
    if !check.critical && !check.status.is_passing() {
        line.push_str("  (not critical)");
    }
    add_line(text, &line);
    add_private(text, check.error, check.message, "           ");
    if let Some(cause) = check.caused_by {
        add_line(text, &format!("           caused by: {}", escaped(cause)));
    }
    for child in &check.children {
        add_child(text, child);
    }
}

fn add_child(text: &mut String, child: &RanChild<'_>) {
    let (status, name) = (colored(child.status), escaped(child.name));
    let message = child
        .message
        .map(|message| format!("  {}", escaped(message)));
    add_line(
        text,
        &format!("  {status}  {name}{}", message.unwrap_or_default()),
    );
    add_private(text, child.error, child.message, "             ");
}

/// The private text, unless it says the same.
fn add_private(text: &mut String, error: Option<&str>, message: Option<&str>, indent: &str) {
    if let Some(error) = error.filter(|error| Some(*error) != message) {
        add_line(text, &format!("{indent}error: {}", escaped(error)));
    }
}

fn add_line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

/// The status, as wide as the widest.
fn colored(status: Status) -> String {
    let color = match status {
        Status::Healthy => AnsiColor::Green,
        Status::Degraded => AnsiColor::Yellow,
        Status::Unhealthy => AnsiColor::Red,
    };
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{:<9}{style:#}", status.as_str())
}

/// As in `3 checks: 1 healthy, 2 unhealthy`.
fn summary(ran: &Ran<'_>) -> String {
    let parts = Status::ALL.map(|status| {
        let number = ran
            .checks
            .iter()
            .filter(|check| check.status == status)
            .count();
        (number > 0).then(|| format!("{number} {status}"))
    });
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let checks = ran.checks.len();
    let noun = if checks == 1 { "check" } else { "checks" };
    format!("{checks} {noun}: {}", parts.join(", "))
}
