//! What a value that is not right may have meant.

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{BinOp, Expr, Lit, Token, UnOp};

use crate::argument::{Argument, ungrouped};

/// The single values that are written, in whatever brackets.
pub(crate) fn elements(argument: &Argument) -> Vec<Expr> {
    let mut elements = Vec::new();
    if let Some(value) = argument.value() {
        flatten(value, &mut elements);
    }
    for value in argument.list().into_iter().flat_map(values) {
        flatten(&value, &mut elements);
    }
    elements
}

fn values(tokens: proc_macro2::TokenStream) -> Punctuated<Expr, Token![,]> {
    let values = Punctuated::parse_terminated.parse2(tokens);
    values.unwrap_or_default()
}

pub(crate) fn flatten(value: &Expr, into: &mut Vec<Expr>) {
    match ungrouped(value) {
        Expr::Array(list) => list.elems.iter().for_each(|value| flatten(value, into)),
        Expr::Tuple(list) => list.elems.iter().for_each(|value| flatten(value, into)),
        Expr::Call(call) => call.args.iter().for_each(|value| flatten(value, into)),
        Expr::Paren(inner) => flatten(&inner.expr, into),
        Expr::Reference(inner) => flatten(&inner.expr, into),
        Expr::MethodCall(call) => flatten(&call.receiver, into),
        Expr::Binary(both) if matches!(both.op, BinOp::BitOr(_) | BinOp::Add(_)) => {
            flatten(&both.left, into);
            flatten(&both.right, into);
        }
        Expr::Macro(call) if call.mac.path.is_ident("vec") => {
            let values = values(call.mac.tokens.clone());
            values.iter().for_each(|value| flatten(value, into));
        }
        value => into.push(value.clone()),
    }
}

/// The texts that are written, also without quotes, or with commas in one of them. `None` if
/// anything is no text.
pub(crate) fn words(elements: &[Expr]) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    for element in elements {
        let text = word(element)?;
        let parts = text.split([',', ';', '|']).map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            if !words.iter().any(|word| word == part) {
                words.push(part.to_owned());
            }
        }
    }
    Some(words).filter(|words| !words.is_empty())
}

/// A text, or what was written in its place.
fn word(value: &Expr) -> Option<String> {
    match ungrouped(value) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        Expr::Path(path) if path.qself.is_none() && !is_constant(value) => {
            let segments = path.path.segments.iter();
            let names: Vec<_> = segments.map(|segment| segment.ident.to_string()).collect();
            Some(names.join("::"))
        }
        _ => None,
    }
}

/// Whether a value looks like the name of a constant.
pub(crate) fn is_constant(value: &Expr) -> bool {
    let Expr::Path(path) = ungrouped(value) else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| {
        let name = last.ident.to_string();
        name.len() > 1 && !name.chars().any(char::is_lowercase)
    })
}

/// The flag that is meant.
pub(crate) fn flag(argument: &Argument) -> Option<bool> {
    if argument.is_bare() {
        return Some(true);
    }
    match &*elements(argument) {
        [value] => flag_of(value),
        _ => None,
    }
}

fn flag_of(value: &Expr) -> Option<bool> {
    if let Expr::Lit(literal) = value {
        match &literal.lit {
            Lit::Bool(flag) => return Some(flag.value),
            Lit::Int(number) => return number.base10_parse::<u8>().ok().map(|number| number > 0),
            _ => {}
        }
    }
    match value {
        Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => flag_of(&not.expr).map(|flag| !flag),
        value => flag_in_words(&word(value)?),
    }
}

fn flag_in_words(word: &str) -> Option<bool> {
    let word = word.rsplit("::").next()?.to_lowercase();
    let is_one_of = |words: &[&str]| words.contains(&&*word);
    if is_one_of(&[
        "false", "no", "off", "0", "n", "never", "optional", "warning", "degraded",
    ]) {
        Some(false)
    } else if is_one_of(&[
        "true",
        "yes",
        "on",
        "1",
        "y",
        "always",
        "critical",
        "unhealthy",
    ]) {
        Some(true)
    } else {
        None
    }
}

/// The texts as a list is written.
pub(crate) fn written_list(texts: &[String]) -> String {
    format!("{texts:?}")
}
