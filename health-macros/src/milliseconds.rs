//! Spans of time however they are written, as the milliseconds that were meant.

use syn::{BinOp, Expr, ExprBinary, ExprCall, Lit};

use crate::argument::ungrouped;

/// How many milliseconds are meant, if that can be told; `unit` is how many of them a number
/// counts that has no unit of its own.
pub(crate) fn milliseconds(value: &Expr, unit: Option<f64>) -> Option<u64> {
    let value = ungrouped(value);
    // Nobody means half a millisecond, and few a fraction of a thousand seconds.
    let unit = if is_fraction(value) {
        unit.filter(|unit| *unit > 1.0).or(Some(1000.0))
    } else {
        unit
    };
    whole(number(value, unit)?)
}

/// The number without what is next to nothing, if it is a whole one.
pub(crate) fn whole(number: f64) -> Option<u64> {
    let rounded = number.round();
    let is_whole = (number - rounded).abs() < 1e-6 && (0.0..1e15).contains(&rounded);
    is_whole.then_some(rounded as u64)
}

fn is_fraction(value: &Expr) -> bool {
    let written = match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Float(number) if unit_of(number.suffix()).is_none() => number.base10_parse(),
            Lit::Str(text) => Ok(text.value().parse().unwrap_or_default()),
            _ => return false,
        },
        _ => return false,
    };
    written.is_ok_and(|number: f64| number.fract() != 0.0 && number < 1000.0)
}

/// A number, each of which counts `unit`.
pub(crate) fn number(value: &Expr, unit: Option<f64>) -> Option<f64> {
    match ungrouped(value) {
        Expr::Lit(literal) => of_literal(&literal.lit, unit),
        Expr::Paren(inner) => number(&inner.expr, unit),
        Expr::Reference(inner) => number(&inner.expr, unit),
        Expr::Binary(binary) => of_operation(binary, unit),
        Expr::Call(call) => of_call(call),
        Expr::MethodCall(call) if call.method == "as_millis" => number(&call.receiver, None),
        Expr::MethodCall(call) => {
            let unit = unit_of(&call.method.to_string())?;
            number(&call.receiver, Some(unit))
        }
        _ => None,
    }
}

fn of_literal(literal: &Lit, unit: Option<f64>) -> Option<f64> {
    let (digits, suffix) = match literal {
        Lit::Int(number) => (number.base10_digits(), number.suffix()),
        Lit::Float(number) => (number.base10_digits(), number.suffix()),
        Lit::Str(text) => return of_text(&text.value(), unit),
        _ => return None,
    };
    let is_type = suffix.is_empty() || suffix.starts_with(['u', 'i', 'f']) && suffix != "us";
    let unit = if is_type { unit } else { unit_of(suffix) };
    Some(digits.parse::<f64>().ok()? * unit?)
}

/// `500ms`, `1m 30s`, `2 seconds`, `PT2S`.
fn of_text(text: &str, unit: Option<f64>) -> Option<f64> {
    let text = text.trim().to_lowercase();
    let mut rest = text.strip_prefix("pt").unwrap_or(&text).trim_start();
    if let Ok(number) = rest.replace('_', "").parse::<f64>() {
        return Some(number * unit?);
    }
    let mut sum = None;
    while !rest.is_empty() {
        let (digits, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (word, after) = split(after.trim_start(), char::is_alphabetic);
        let part = digits.parse::<f64>().ok()? * unit_of(word)?;
        sum = Some(sum.unwrap_or_default() + part);
        rest = after.trim_start();
    }
    sum
}

/// What begins the text, and the rest.
fn split(text: &str, begins: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !begins(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn of_operation(operation: &ExprBinary, unit: Option<f64>) -> Option<f64> {
    let left = number(&operation.left, unit)?;
    match operation.op {
        BinOp::Mul(_) => Some(left * number(&operation.right, Some(1.0))?),
        BinOp::Add(_) => Some(left + number(&operation.right, unit)?),
        _ => None,
    }
}

/// `Duration::from_secs(2)` and its like.
fn of_call(call: &ExprCall) -> Option<f64> {
    let Expr::Path(function) = ungrouped(&call.func) else {
        return None;
    };
    let name = function.path.segments.last()?.ident.to_string();
    let name = name.strip_prefix("from_").unwrap_or(&name);
    let name = name.trim_end_matches("_f64").trim_end_matches("_f32");
    let mut arguments = call.args.iter();
    let first = arguments.next()?;
    match (name, arguments.next()) {
        ("new", Some(nanos)) => Some(number(first, Some(1e3))? + number(nanos, Some(1e-6))?),
        (name, None) => number(first, unit_of(name)),
        _ => None,
    }
}

/// How many milliseconds a unit is.
pub(crate) fn unit_of(word: &str) -> Option<f64> {
    Some(match word.to_lowercase().as_str() {
        "ns" | "nanos" | "nanoseconds" => 1e-6,
        "us" | "micros" | "microseconds" => 1e-3,
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => 1.0,
        "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
        "m" | "min" | "mins" | "minute" | "minutes" => 60e3,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600e3,
        "d" | "day" | "days" => 86_400e3,
        _ => return None,
    })
}
