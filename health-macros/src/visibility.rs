//! Who is told of a check.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Error, Lit};

use crate::argument::Argument;
use crate::foreign;
use crate::meant::{elements, flag, words};
use crate::nearest::nearest;
use crate::values::{Method, Value};

/// Who is told that there is such a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    Summary,
    Full,
}

const ALLOWED: &str = "`\"summary\"` and `\"full\"`";

impl Visibility {
    const ALL: [(&'static str, Self); 2] = [("summary", Self::Summary), ("full", Self::Full)];

    fn named(name: &str) -> Option<Self> {
        let visibility = Self::ALL.into_iter().find(|(other, _)| *other == name);
        visibility.map(|(_, visibility)| visibility)
    }

    /// How it is written.
    pub(crate) const fn written(self) -> &'static str {
        match self {
            Self::Summary => "\"summary\"",
            Self::Full => "\"full\"",
        }
    }

    /// What is meant by a word, or by a path such as `Visibility::Full`.
    fn meant(word: &str) -> Option<Self> {
        let word = word.rsplit("::").next()?.trim();
        let near = || nearest(word, Self::ALL.map(|(name, _)| name));
        Self::named(word)
            .or_else(|| foreign::visibility(word))
            .or_else(|| Self::named(near()?))
    }
}

impl ToTokens for Visibility {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let visibility = format_ident!("{self:?}");
        tokens.extend(quote!(__health::Visibility::#visibility));
    }
}

impl Value for Visibility {
    const EXAMPLE: &'static str = Self::Full.written();

    fn read(argument: &Argument) -> syn::Result<Self> {
        let Some(Lit::Str(text)) = argument.literal() else {
            return Err(argument.expects::<Self>("`\"summary\"` or `\"full\"`", None));
        };
        let name = text.value();
        Self::named(&name).ok_or_else(|| Error::new(text.span(), unknown(&name)))
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(self)
    }

    /// A flag says whether all see it; a number says nothing.
    fn meant(argument: &Argument) -> Option<String> {
        let named = match words(&elements(argument)).as_deref() {
            Some([word]) => Self::meant(word),
            _ => None,
        };
        let is_number = matches!(argument.literal(), Some(Lit::Int(_)));
        let flag = || {
            let all_see_it = flag(argument).filter(|_| !is_number)?;
            Some(if all_see_it {
                Self::Summary
            } else {
                Self::Full
            })
        };
        named.or_else(flag).map(|meant| meant.written().to_owned())
    }
}

/// The mistake of a text that is none of them.
fn unknown(name: &str) -> String {
    match Visibility::meant(name) {
        Some(meant) => format!(
            "unknown visibility `{name}`; did you mean `{}`?",
            meant.written()
        ),
        None => format!("unknown visibility `{name}`; allowed are {ALLOWED}"),
    }
}
