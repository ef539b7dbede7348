//! Tokens as a person would write them.

use quote::ToTokens;

/// The tokens with spaces only between words.
pub(crate) fn spell(tokens: &dyn ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut spelt = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != ' ' || is_word(spelt.chars().last()) && is_word(rest.peek().copied()) {
            spelt.push(c);
        }
    }
    spelt
}

/// The same with a space after each comma.
pub(crate) fn spell_spaced(tokens: &dyn ToTokens) -> String {
    spell(tokens).replace(',', ", ")
}
