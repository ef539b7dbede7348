//! Tokens as a person would write them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens with spaces only between words. What is in a literal stays as it is, and where
/// rustc would break a long line does not matter.
pub(crate) fn spell(tokens: &dyn ToTokens) -> String {
    let mut spelt = String::new();
    append(tokens.to_token_stream(), &mut spelt);
    spelt
}

fn append(tokens: TokenStream, spelt: &mut String) {
    for token in tokens {
        if let TokenTree::Group(group) = token {
            let (open, close) = brackets(group.delimiter());
            spelt.push_str(open);
            append(group.stream(), spelt);
            spelt.push_str(close);
        } else {
            let text = token.to_string();
            if is_word(spelt.chars().last()) && is_word(text.chars().next()) {
                spelt.push(' ');
            }
            spelt.push_str(&text);
        }
    }
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

const fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::None => ("", ""),
    }
}

/// The same with a space after each comma.
pub(crate) fn spell_spaced(tokens: &dyn ToTokens) -> String {
    spell(tokens).replace(',', ", ")
}
