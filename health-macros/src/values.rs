//! The values of arguments: how they are read, and how they are passed on.

use std::ops::RangeInclusive;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Error, Expr, Lit, Path};

use crate::argument::{Argument, literal};

pub(crate) trait Value: Sized {
    /// Reads it; every mistake is told at its own token.
    fn read(argument: &Argument) -> syn::Result<Self>;

    /// The calls that pass it on.
    fn call(&self, method: &Method<'_>) -> TokenStream;
}

/// A method of the descriptor: that of an argument, or what differs for one probe.
pub(crate) struct Method<'a> {
    pub(crate) name: &'a str,
    pub(crate) probe: Option<Kind>,
}

impl Method<'_> {
    fn with(&self, value: impl ToTokens) -> TokenStream {
        let name = self.name;
        match self.probe {
            None => {
                let method = format_ident!("{name}");
                quote!(.#method(#value))
            }
            Some(probe) => {
                let method = format_ident!("{name}_for");
                quote!(.#method(#probe, #value))
            }
        }
    }
}

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
}

impl ToTokens for Kind {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let kind = format_ident!("{self:?}");
        tokens.extend(quote!(__health::Probe::#kind));
    }
}

/// The probes that a check serves.
pub(crate) struct Kinds(pub(crate) Vec<Kind>);

impl Value for Kinds {
    fn read(argument: &Argument) -> syn::Result<Self> {
        let what = format!("a probe or a list of probes, of {KINDS}");
        let names = match argument.value() {
            Some(value @ Expr::Lit(_)) => vec![string(value)],
            list => strings(list),
        };
        let names: Result<Vec<_>, _> = names.into_iter().collect();
        let names = names.map_err(|blamed| argument.expects(&what, "\"readiness\"", blamed))?;
        if names.is_empty() {
            return Err(argument.expects(&what, "[\"readiness\"]", None));
        }
        let known = |name: &str| match Kind::named(name) {
            Some(_) => None,
            None => Some(format!("unknown kind `{name}`; allowed are {KINDS}")),
        };
        let names = distinct(names, "", known)?;
        let kinds = names.iter().filter_map(|(name, _)| Kind::named(name));
        Ok(Self(kinds.collect()))
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        self.0.iter().map(|kind| method.with(kind)).collect()
    }
}

/// The name of a check.
pub(crate) struct Name(pub(crate) String);

impl Value for Name {
    fn read(argument: &Argument) -> syn::Result<Self> {
        let Some(Lit::Str(name)) = argument.literal() else {
            return Err(argument.expects("a text", "\"database\"", None));
        };
        let value = name.value();
        match mistake_in_name(&value) {
            Some(text) => Err(Error::new(name.span(), text)),
            None => Ok(Self(value)),
        }
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(&self.0)
    }
}

/// Why a text cannot be the name of a check.
pub(crate) fn mistake_in_name(name: &str) -> Option<String> {
    if is_name(name) {
        return None;
    }
    Some(format!(
        "{} cannot be the name of a check, for it stands in paths, metrics and OpenAPI keys: use \
         up to 100 letters, digits, `_`, `-` and `.`, as in `name = \"database\"`",
        quoted(name)
    ))
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    name.len() <= 100 && name.bytes().all(fits) && name.bytes().any(|b| b != b'.')
}

/// A number of milliseconds, from `LEAST` to a day.
pub(crate) struct Ms<const LEAST: u64>(pub(crate) u64);

impl<const LEAST: u64> Value for Ms<LEAST> {
    fn read(argument: &Argument) -> syn::Result<Self> {
        /// A day: beyond it, a duration is a mistake.
        const LONGEST: u64 = 24 * 60 * 60 * 1000;
        let what = format!("a number of milliseconds from {LEAST} to {LONGEST} (a day)");
        number(argument, LEAST..=LONGEST, &what, "2000").map(Self)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(self.0)
    }
}

/// A number of runs.
pub(crate) struct Runs(u32);

impl Value for Runs {
    fn read(argument: &Argument) -> syn::Result<Self> {
        number(argument, 1..=1000, "a number of runs from 1 to 1000", "3").map(Self)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(self.0)
    }
}

fn number<N>(
    argument: &Argument,
    range: RangeInclusive<N>,
    what: &str,
    example: &str,
) -> syn::Result<N>
where
    N: std::str::FromStr<Err: std::fmt::Display> + PartialOrd,
{
    let Some(Lit::Int(number)) = argument.literal() else {
        return Err(argument.expects(what, example, None));
    };
    if !number.suffix().is_empty() {
        return Err(argument.expects(&format!("{what}, without a suffix"), example, None));
    }
    let number = number.base10_parse().ok();
    let number = number.filter(|number| range.contains(number));
    number.ok_or_else(|| argument.expects(what, example, None))
}

impl Value for bool {
    fn read(argument: &Argument) -> syn::Result<Self> {
        match argument.literal() {
            Some(Lit::Bool(flag)) => Ok(flag.value),
            _ => Err(argument.expects("`true` or `false`", "false", None)),
        }
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(self)
    }
}

/// Texts to group checks by.
pub(crate) struct Tags(Vec<Text>);

impl Value for Tags {
    fn read(argument: &Argument) -> syn::Result<Self> {
        let tags = list(argument, "a list of texts", "[\"db\"]")?;
        let empty = |tag: &str| tag.is_empty().then(|| "a tag cannot be empty".to_owned());
        distinct(tags, "the tag ", empty).map(Self)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        if self.0.is_empty() {
            return TokenStream::new();
        }
        method.with(slice(&self.0))
    }
}

/// The checks that have to pass for this one to make sense.
pub(crate) struct Prerequisites(pub(crate) Vec<Text>);

impl Value for Prerequisites {
    fn read(argument: &Argument) -> syn::Result<Self> {
        let (what, example) = ("a list of names of checks", "[\"network\"]");
        let names = list(argument, what, example)?;
        if names.is_empty() {
            return Err(argument.expects(what, example, None));
        }
        distinct(names, "the prerequisite ", mistake_in_prerequisite).map(Self)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(slice(&self.0))
    }
}

/// Why a text cannot be what names another check.
fn mistake_in_prerequisite(text: &str) -> Option<String> {
    if is_name(text) || is_path(text) {
        return None;
    }
    Some(format!(
        "{} cannot be a prerequisite: write the name of a check, as in `\"network\"`, or the path \
         of its function with the name of its crate, as in `\"my_crate::checks::network\"`",
        quoted(text)
    ))
}

/// Whether a text is the path of a function, as it is seen from everywhere.
fn is_path(text: &str) -> bool {
    let mut segments = text.split("::");
    let first = segments.clone().next();
    let is_word = |word: &str| {
        let word = word.strip_prefix("r#").unwrap_or(word);
        let fits = |c: char| c.is_alphanumeric() || c == '_';
        word.chars().all(fits) && word.starts_with(|c: char| !c.is_numeric())
    };
    let is_relative = matches!(first, Some("crate" | "self" | "super"));
    !is_relative && text.contains("::") && segments.all(is_word)
}

/// The runtime's crate: what follows it names it, and no method does.
impl Value for Path {
    fn read(argument: &Argument) -> syn::Result<Self> {
        match argument.value() {
            Some(Expr::Path(path)) if path.qself.is_none() => Ok(path.path.clone()),
            _ => {
                let what = "the path of health-core or health-actix";
                Err(argument.expects(what, "::my_health_core", None))
            }
        }
    }

    fn call(&self, _: &Method<'_>) -> TokenStream {
        TokenStream::new()
    }
}

/// A text and where it stands.
pub(crate) type Text = (String, Span);

/// A text, or else what is to blame.
type Found<'a> = Result<Text, Option<&'a Expr>>;

fn string(value: &Expr) -> Found<'_> {
    match literal(value) {
        Some(Lit::Str(text)) => Ok((text.value(), text.span())),
        _ => Err(Some(value)),
    }
}

/// The texts of a list; if it is none, that alone.
fn strings(value: Option<&Expr>) -> Vec<Found<'_>> {
    match value {
        Some(Expr::Array(list)) => list.elems.iter().map(string).collect(),
        _ => vec![Err(None)],
    }
}

fn list(argument: &Argument, what: &str, example: &str) -> syn::Result<Vec<Text>> {
    let texts: Result<Vec<_>, _> = strings(argument.value()).into_iter().collect();
    texts.map_err(|blamed| argument.expects(what, example, blamed))
}

/// Texts of which each is right and none is there twice; `what` they are stands before them.
fn distinct(
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

/// Several mistakes as one.
pub(crate) fn combined(mistakes: impl Iterator<Item = Error>) -> Option<Error> {
    mistakes.reduce(|mut all, mistake| {
        all.combine(mistake);
        all
    })
}

fn slice(texts: &[Text]) -> TokenStream {
    let texts = texts.iter().map(|(text, _)| text);
    quote!(&[#(#texts),*])
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        "an empty text".to_owned()
    } else {
        format!("`{text}`")
    }
}
