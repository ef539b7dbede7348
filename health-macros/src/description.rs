//! What the doc comment of a function says.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use crate::signature::Function;

impl Function {
    /// The doc comment, as an expression.
    pub(crate) fn description(&self) -> TokenStream {
        let lines: Vec<_> = self.attributes.iter().filter_map(doc_value).collect();
        let literals: Option<Vec<_>> = lines.iter().map(|line| text_of(line)).collect();
        match literals {
            Some(lines) => lines.join("\n").trim().to_token_stream(),
            // Such as `#[doc = include_str!("...")]`, which only rustc can read.
            None => quote!(::core::concat!(#(#lines, "\n"),*)),
        }
    }
}

fn doc_value(attribute: &Attribute) -> Option<&Expr> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => Some(&pair.value),
        _ => None,
    }
}

fn text_of(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(unframed(&text.value())),
        _ => None,
    }
}

/// The text of a doc attribute without what frames it: the space after `///`, and the stars
/// before the lines of `/** ... */`.
fn unframed(text: &str) -> String {
    let is_star = |line: &str| line.trim_start().starts_with('*');
    let mut inner = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let is_starred = text.contains('\n') && inner.all(is_star);
    let unframe = |line: &str| {
        let starless = line.trim_start().strip_prefix('*').filter(|_| is_starred);
        let line = starless.unwrap_or(line);
        line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
    };
    text.lines().map(unframe).collect::<Vec<_>>().join("\n")
}
