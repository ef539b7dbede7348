//! The probes that ask.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::Expr;

use crate::argument::Argument;
use crate::foreign;
use crate::meant::{elements, words, written_list};
use crate::nearest::nearest;
use crate::texts::{distinct, string, strings};
use crate::values::{Method, Value};

/// A probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Liveness,
    Readiness,
    Startup,
}

pub(crate) const KINDS: &str = "`\"liveness\"`, `\"readiness\"` and `\"startup\"`";

impl Kind {
    pub(crate) const ALL: [(&'static str, Self); 3] = [
        ("liveness", Self::Liveness),
        ("readiness", Self::Readiness),
        ("startup", Self::Startup),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        let kind = Self::ALL.into_iter().find(|(other, _)| *other == name);
        kind.map(|(_, kind)| kind)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
            Self::Startup => "startup",
        }
    }

    /// The probe that is meant by a word, or by a path such as `Probe::Readiness`.
    pub(crate) fn meant(word: &str) -> Option<Self> {
        let word = word.rsplit("::").next()?.trim();
        let near = || nearest(word, Self::ALL.map(|(name, _)| name));
        Self::named(word)
            .or_else(|| foreign::kind(word))
            .or_else(|| Self::named(near()?))
    }

    /// The probes that are meant by values, if each means one.
    pub(crate) fn all_meant(elements: &[Expr]) -> Option<Vec<Self>> {
        Self::all_of(&words(elements)?)
    }

    fn all_of(words: &[String]) -> Option<Vec<Self>> {
        if matches!(words, [word] if matches!(&**word, "all" | "any" | "every" | "*")) {
            return Some(Self::ALL.map(|(_, kind)| kind).to_vec());
        }
        words.iter().map(|word| Self::meant(word)).collect()
    }
}

impl ToTokens for Kind {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let kind = format_ident!("{self:?}");
        tokens.extend(quote!(__health::Probe::#kind));
    }
}

/// The value of `kind` that says these.
pub(crate) fn written_kinds(kinds: &[Kind]) -> String {
    let mut names: Vec<String> = Vec::new();
    for kind in kinds {
        if !names.iter().any(|name| name == kind.name()) {
            names.push(kind.name().to_owned());
        }
    }
    match &*names {
        [name] => format!("{name:?}"),
        names => written_list(names),
    }
}

/// The probes that a check serves.
pub(crate) struct Kinds(pub(crate) Vec<Kind>);

impl Value for Kinds {
    const EXAMPLE: &'static str = "\"readiness\"";

    fn read(argument: &Argument) -> syn::Result<Self> {
        let what = format!("a probe or a list of probes, of {KINDS}");
        let names = match argument.value() {
            Some(value @ Expr::Lit(_)) => vec![string(value)],
            list => strings(list),
        };
        let names: Result<Vec<_>, _> = names.into_iter().collect();
        let names = names.map_err(|blamed| argument.expects::<Self>(&what, blamed))?;
        if names.is_empty() {
            return Err(argument.expects::<Self>(&what, None));
        }
        let names = distinct(names, "", mistake_in_kind)?;
        let kinds = names.iter().filter_map(|(name, _)| Kind::named(name));
        Ok(Self(kinds.collect()))
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        self.0.iter().map(|kind| method.with(kind)).collect()
    }

    fn meant(argument: &Argument) -> Option<String> {
        let kinds = Kind::all_meant(&elements(argument))?;
        Some(written_kinds(&kinds))
    }
}

/// Why a text is not the name of a probe.
fn mistake_in_kind(name: &str) -> Option<String> {
    if Kind::named(name).is_some() {
        return None;
    }
    let words = name.split([',', ';', '|', '+', ' ']).map(str::to_owned);
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let meant = Kind::all_of(&words).filter(|kinds| !kinds.is_empty());
    Some(match meant {
        Some(kinds) => format!(
            "unknown kind `{name}`; did you mean `{}`?",
            written_kinds(&kinds)
        ),
        None => format!("unknown kind `{name}`; allowed are {KINDS}"),
    })
}
