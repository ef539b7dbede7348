//! Texts, alone and in lists.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, Expr, Lit};

use crate::argument::{Argument, literal};
use crate::values::{Value, combined};

/// A text and where it stands.
pub(crate) type Text = (String, Span);

/// A text, or else what is to blame.
pub(crate) type Found<'a> = Result<Text, Option<&'a Expr>>;

pub(crate) fn string(value: &Expr) -> Found<'_> {
    match literal(value) {
        Some(Lit::Str(text)) => Ok((text.value(), text.span())),
        _ => Err(Some(value)),
    }
}

/// The texts of a list; if it is none, that alone.
pub(crate) fn strings(value: Option<&Expr>) -> Vec<Found<'_>> {
    match value {
        Some(Expr::Array(list)) => list.elems.iter().map(string).collect(),
        _ => vec![Err(None)],
    }
}

pub(crate) fn list<V: Value>(argument: &Argument, what: &str) -> syn::Result<Vec<Text>> {
    let texts: Result<Vec<_>, _> = strings(argument.value()).into_iter().collect();
    texts.map_err(|blamed| argument.expects::<V>(what, blamed))
}

/// Texts of which each is right and none is there twice; `what` they are stands before them.
pub(crate) fn distinct(
    texts: Vec<Text>,
    what: &str,
    mistake: impl Fn(&str) -> Option<String>,
) -> syn::Result<Vec<Text>> {
    let mistake_at = |index: usize| {
        let (text, span) = &texts[index];
        let is_repeated = texts[..index].iter().any(|(other, _)| other == text);
        let repeated = || format!("{what}`{text}` is listed more than once");
        let mistake = mistake(text).or_else(|| is_repeated.then(repeated));
        mistake.map(|mistake| Error::new(*span, mistake))
    };
    let mistakes = combined((0..texts.len()).filter_map(mistake_at));
    mistakes.map_or(Ok(texts), Err)
}

pub(crate) fn slice(texts: &[Text]) -> TokenStream {
    let texts = texts.iter().map(|(text, _)| text);
    quote!(&[#(#texts),*])
}
